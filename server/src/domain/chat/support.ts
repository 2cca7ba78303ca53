import { readingOf } from '../../models/reading-of.ts'
import { splitSentences } from '../knowledge/index.ts'
import type { Evidence, GroundedText } from './evidence.ts'
import { factsOf, plain } from './facts.ts'

type Cited = { passage: number; start: number | null; end: number | null }

// Half of a sentence's content words: low enough for a fair paraphrase, too high for a sentence about something else.
const enoughOverlap = 0.5

const minWordLength = 4

// Figures are no words here: they must stand in the span, and do not say what it is about.
const contentWords = (text: string): string[] => [
  ...new Set(
    (plain(text).match(/[\p{L}\p{N}]+/gu) ?? [])
      .filter((word) => !/\p{N}/u.test(word) && (word.length >= minWordLength || /[^\p{ASCII}]/u.test(word)))
      .map((word) => (/^[a-z]+$/.test(word) ? word.replace(/s$/, '').slice(0, 6) : word)),
  ),
]

const negation =
  /\b(?:not|no|never|cannot|without|none|neither|nor|nothing|nobody|(?:do|does|did|is|are|was|were|ca|wo|could|should|would|has|have|had)nt)\b|n['’]t\b/

const negates = (text: string): boolean => negation.test(plain(text))

// What stands behind one of these claims something of its own.
const clausesOf = (text: string): string[] =>
  text.split(/[;；؛]|—|\s[–-]+\s/).filter((clause) => /[\p{L}\p{N}]/u.test(clause) || factsOf(clause).size > 0)

const overlap = (words: readonly string[], text: string): number => {
  if (words.length === 0) return 0
  const there = new Set(contentWords(text))
  return words.filter((word) => there.has(word)).length / words.length
}

type Span = { start: number; end: number }
type Found = { passage: number; start: number; end: number; score: number }

// Two neighbours may support together what neither does alone, when each brings words of its own.
const candidatesOf = (words: readonly string[], text: string): (Span & { parts: string[]; score: number })[] => {
  const sentences = splitSentences(text).map(({ start, end }) => {
    const part = text.slice(start, end)
    return { start, end, parts: [part], score: overlap(words, part) }
  })
  const pairs = sentences.slice(1).flatMap((second, i) => {
    const first = sentences[i]!
    const score = overlap(words, text.slice(first.start, second.end))
    if (score <= Math.max(first.score, second.score)) return []
    return [{ start: first.start, end: second.end, parts: [...first.parts, ...second.parts], score }]
  })
  return [...sentences, ...pairs]
}

const bestSpan = (clause: string, passage: Evidence): (Span & { score: number }) | undefined => {
  const facts = [...factsOf(clause)]
  const negated = negates(clause)
  return candidatesOf(contentWords(clause), passage.text)
    .map(({ score, ...span }) => ({ ...span, score: score - (span.end - span.start) / 1e6 }))
    .filter(({ score }) => score >= enoughOverlap)
    .filter(({ parts }) => parts.every((part) => negates(part) === negated))
    .filter(({ parts }) => facts.every((fact) => parts.some((part) => factsOf(part).has(fact))))
    .reduce<(Span & { score: number }) | undefined>(
      (best, { start, end, score }) => (best && best.score >= score ? best : { start, end, score }),
      undefined,
    )
}

const foundFor = (clause: string, cited: readonly { passage: number; evidence: Evidence }[]): Found[] =>
  cited.flatMap(({ passage, evidence }) => {
    const span = bestSpan(clause, evidence)
    return span ? [{ passage, ...span }] : []
  })

const says = (said: string, source: string, { start, end }: Span): boolean =>
  said.includes(source.slice(start, end)) || said === readingOf(source, start, end)

/**
 * The spans that support a stretch of an answer, one a cited passage, and how well; undefined when it may not be sent. A span the model gave
 * itself must hold the text to the letter, or be the row of a table that the text reads out; otherwise each clause needs a sentence, or two neighbours, of a cited passage that is close
 * enough, denies what the clause denies, and holds every figure, date, amount, link and address in it.
 */
export const supportOf = (
  text: string,
  citations: readonly Cited[],
  passages: readonly Evidence[],
): Omit<GroundedText, 'text'> | undefined => {
  const real = citations.flatMap((citation) => {
    const passage = passages[citation.passage - 1]
    return passage ? [{ ...citation, evidence: passage }] : []
  })
  if (real.length === 0) return undefined
  const exact = real.flatMap(({ passage, start, end, evidence }) =>
    start !== null && end !== null && says(text, evidence.text, { start, end }) ? [{ passage, start, end }] : [],
  )
  if (exact.length > 0) return { spans: exact, support: 1 }
  const found = clausesOf(text).map((clause) => foundFor(clause, real))
  if (found.length === 0 || found.some((spans) => spans.length === 0)) return undefined
  const spans = new Map(
    found.flat().map(({ passage, start, end }) => [`${passage} ${start} ${end}`, { passage, start, end }]),
  )
  const weakest = Math.min(...found.map((close) => Math.max(...close.map(({ score }) => score))))
  return { spans: [...spans.values()], support: Math.min(1, weakest) }
}
