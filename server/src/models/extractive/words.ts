import { stemmer } from 'stemmer'
import { plainWords, silentWords } from './common-words.ts'
import { joinPhrases, meaningOf } from './same-meaning.ts'

/** A word of a question, with how much finding it says: 0.4 for plain words, 1 for rare ones, more for names and numbers. */
export type Term = { word: string; stem: string; meaning: number | undefined; isName: boolean; weight: number }

/** How surely a text holds each term: 1 the same stem, 0.8 another form or a word of the same meaning, 0 not at all. */
export type Finder = (text: string) => number[]

const wordPattern = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu

/** The words of a question that carry its topic. */
export function questionTerms(question: string): Term[] {
  const terms = new Map<string, Term>()
  const text = joinPhrases(question)
  for (const match of text.matchAll(wordPattern)) {
    for (const word of questionParts(match[0].toLowerCase())) {
      if (silentWords.has(word)) continue
      const stem = stemOf(word)
      if (terms.has(stem)) continue
      const name = isName(text, match)
      terms.set(stem, { word, stem, meaning: meaningOf.get(word), isName: name, weight: weightOf(word, name) })
    }
  }
  return [...terms.values()]
}

/** Finds the terms in texts; a text asked for twice is read once. */
export function createFinder(terms: Term[]): Finder {
  const known = new Map<string, number[]>()
  // Stemming leaves two letters of a word alone, and of a short one no more: `key` becomes `kei`.
  const beginnings = new Set(terms.map((term) => term.stem.slice(0, 2)))
  return (text) => {
    const found = known.get(text) ?? findTerms(terms, beginnings, text)
    known.set(text, found)
    return found
  }
}

/** Number of different words in a text that carry any topic. */
export function countWords(text: string): number {
  return new Set(wordsOf(text)).size
}

function findTerms(terms: Term[], beginnings: ReadonlySet<string>, text: string): number[] {
  const stems = new Set<string>()
  const meanings = new Set<number>()
  for (const word of wordsOf(text)) {
    const meaning = meaningOf.get(word)
    if (meaning !== undefined) meanings.add(meaning)
    if (beginnings.has(word.slice(0, 2))) stems.add(stemOf(word))
  }
  return terms.map((term) => {
    if (stems.has(term.stem)) return 1
    if (term.meaning !== undefined && meanings.has(term.meaning)) return 0.8
    return [...stems].some((stem) => isOtherForm(term.stem, stem)) ? 0.8 : 0
  })
}

function wordsOf(text: string): string[] {
  const words = joinPhrases(text.toLowerCase()).match(wordPattern) ?? []
  return words.flatMap(textParts).filter((word) => !silentWords.has(word))
}

/** An opened box has nothing to do with when a shop opens. */
function stemOf(word: string): string {
  return word === 'opened' ? word : stemmer(word)
}

function weightOf(word: string, name: boolean): number {
  if (name || /\d/.test(word)) return 1.3
  return plainWords.has(word) ? 0.4 : 1
}

function isName(question: string, match: RegExpExecArray): boolean {
  const startsSentence = /(?:^|[.!?]\s*)$/.test(question.slice(0, match.index))
  return !startsSentence && /^\p{Lu}/u.test(match[0]) && match[0] !== 'I'
}

/** `wi-fi` and `check-in` are one word, `pre-order` is the words it is made of. */
function questionParts(word: string): string[] {
  const plain = word.replace(/['’](s|t|re|ve|ll|d|m)$/, '$1')
  const parts = plain.split(/['’-]/)
  if (/['’]s$/.test(word)) return [word.slice(0, -2)]
  return isOneWord(parts) ? [parts.join('')] : parts
}

function textParts(word: string): string[] {
  const parts = word.split(/['’-]/)
  if (parts.length === 1) return parts
  return isOneWord(parts) ? [parts.join('')] : [...parts, parts.join('')]
}

function isOneWord(parts: string[]): boolean {
  return parts.length > 1 && parts.some((part) => part.length <= 2 || silentWords.has(part))
}

const endings = new Set(' i y e er or eri ur ment ion ation ic abl anc enc ing'.split(' '))

/** Forms the stemmer keeps apart: `verifi` and `verif`, `deliv` and `deliveri`, `sign` and `signatur`. */
function isOtherForm(a: string, b: string): boolean {
  let shared = 0
  while (shared < a.length && a[shared] === b[shared]) shared += 1
  if (shared < 4) return false
  return endings.has(a.slice(shared)) && endings.has(b.slice(shared))
}
