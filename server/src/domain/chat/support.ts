import { splitSentences } from '../knowledge/index.ts'
import type { Evidence, GroundedText } from './evidence.ts'

type Cited = { passage: number; start: number | null; end: number | null }

// Half of a sentence's content words: low enough for a fair paraphrase, too high for a sentence about something else.
const enoughOverlap = 0.5

const minWordLength = 4

const contentWords = (text: string): string[] => [
  ...new Set(
    (
      text
        .normalize('NFKC')
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? []
    )
      .filter((word) => word.length >= minWordLength || /\p{N}/u.test(word) || /[^\p{ASCII}]/u.test(word))
      .map((word) => (/^[a-z]+$/.test(word) ? word.slice(0, 6) : word)),
  ),
]

// What a reader would act on and a model likes to invent: figures, dates, amounts, links and addresses.
const checkable = /https?:\/\/[^\s)\]>"']+|[\w.+-]+@[\w-]+\.[\w.-]+|\d+(?:[.,:/-]\d+)*/gi

// 1,000 and 1000 are the same figure; 2 is not part of 12.
const factsOf = (text: string): string[] =>
  (text.match(checkable) ?? []).map((fact) =>
    fact
      .replace(/[.,;:]+$/, '')
      .replace(/(?<=\d),(?=\d{3}\b)/g, '')
      .toLowerCase(),
  )

const overlap = (words: readonly string[], text: string): number => {
  if (words.length === 0) return 0
  const there = new Set(contentWords(text))
  return words.filter((word) => there.has(word)).length / words.length
}

const bestSpan = (words: readonly string[], passage: Evidence): { start: number; end: number; score: number } => {
  const sentences = splitSentences(passage.text)
  // Two neighbours may support together what neither does alone.
  const candidates = sentences.flatMap((sentence, i) => {
    const next = sentences[i + 1]
    return next ? [sentence, { start: sentence.start, end: next.end }] : [sentence]
  })
  return candidates
    .map(({ start, end }) => ({
      start,
      end,
      score: overlap(words, passage.text.slice(start, end)) - (end - start) / 1e6,
    }))
    .reduce((best, candidate) => (candidate.score > best.score ? candidate : best), { start: 0, end: 0, score: -1 })
}

/**
 * The spans that support a stretch of an answer, one a cited passage, and how well; undefined when it may not be sent. A span the model gave
 * itself must hold the text to the letter; otherwise the best sentence of the passage is taken and must be close enough.
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
    start !== null && end !== null && text.includes(evidence.text.slice(start, end)) ? [{ passage, start, end }] : [],
  )
  if (exact.length > 0) return { spans: exact, support: 1 }
  const words = contentWords(text)
  const cited = new Set(real.flatMap(({ evidence }) => factsOf(evidence.text)))
  if (factsOf(text).some((fact) => !cited.has(fact))) return undefined
  const close = real
    .map(({ passage, evidence }) => ({ passage, ...bestSpan(words, evidence) }))
    .filter(({ score }) => score >= enoughOverlap)
  if (close.length === 0) return undefined
  const spans = [...new Map(close.map(({ passage, start, end }) => [passage, { passage, start, end }])).values()]
  return { spans, support: Math.min(1, Math.max(...close.map(({ score }) => score))) }
}
