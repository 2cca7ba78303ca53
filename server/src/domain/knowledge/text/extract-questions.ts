import { createDocumentBuilder } from './document-builder.ts'
import { ExtractError } from './extract-error.ts'
import type { ExtractedDocument } from './extracted-document.ts'
import { normaliseText } from './normalise-text.ts'

export type QuestionAndAnswer = { question: string; answer: string }

/** How the two sides are called, in lower case. */
export const questionKeys = {
  question: ['question', 'q', 'frage', 'pregunta'],
  answer: ['answer', 'a', 'antwort', 'respuesta'],
}

/** Questions as headings, each with its answer below: one entry, one chunk. Pairs without an answer are left out. */
export const extractQuestions = (pairs: QuestionAndAnswer[]): ExtractedDocument => {
  const builder = createDocumentBuilder()
  for (const { question, answer } of pairs) {
    if (!normaliseText(question) || !normaliseText(answer)) continue
    builder.heading(2, question, { standalone: true })
    builder.paragraph(answer)
  }
  return builder.build(null)
}

/** The pairs of a JSON value: a list of `{ question, answer }`, or an object with one such list; `null` for anything else. */
export const questionsInJson = (value: unknown): QuestionAndAnswer[] | null => {
  if (Array.isArray(value)) return value.length > 0 ? allOrNone(value.map(toPair)) : null
  if (typeof value !== 'object' || value === null) return null
  const lists = Object.values(value).filter(Array.isArray)
  return lists.length === 1 ? questionsInJson(lists[0]) : null
}

const allOrNone = (pairs: (QuestionAndAnswer | null)[]): QuestionAndAnswer[] | null => {
  const found = pairs.filter((pair) => pair !== null)
  return found.length === pairs.length ? found : null
}

const toPair = (value: unknown): QuestionAndAnswer | null => {
  if (typeof value !== 'object' || value === null) return null
  const find = (keys: string[]) => Object.entries(value).find(([key]) => keys.includes(key.toLowerCase()))?.[1]
  const question: unknown = find(questionKeys.question)
  const answer: unknown = find(questionKeys.answer)
  return typeof question === 'string' && typeof answer === 'string' ? { question, answer } : null
}

const questionLine = /^\s*(?:[*_]{2})?(?:Q|Question|Frage|Pregunta)\s?\d*\s*[.:：][*_]*\s*(.*)$/i
const answerLine = /^\s*(?:[*_]{2})?(?:A|Answer|Antwort|Respuesta)\s?\d*\s*[.:：][*_]*\s*(.*)$/i

/** The pairs of a text with `Q:` and `A:` lines; both may run over several lines. `null` when there is no pair. */
export const questionsInText = (raw: string): QuestionAndAnswer[] | null => {
  const pairs: { question: string[]; answer: string[] | null }[] = []
  for (const line of normaliseText(raw).split('\n')) {
    const last = pairs.at(-1)
    const question = questionLine.exec(line)
    const answer = last && answerLine.exec(line)
    if (question) pairs.push({ question: [question[1]!], answer: null })
    else if (answer && last.answer === null) last.answer = [answer[1]!]
    else if (last) (last.answer ?? last.question).push(line)
  }
  const complete = pairs.flatMap(({ question, answer }) =>
    answer ? [{ question: question.join(' '), answer: answer.join('\n') }] : [],
  )
  return complete.length > 0 ? complete : null
}

/** Questions as JSON or as a text with `Q:` and `A:` lines. Throws `unreadable` when it holds none. */
export const readQuestions = (raw: string): ExtractedDocument => {
  const pairs = /^\s*[[{]/.test(raw) ? questionsInJson(parseOrNull(raw)) : questionsInText(raw)
  if (pairs) return extractQuestions(pairs)
  throw new ExtractError(
    'unreadable',
    'No questions were found. Write a list of {"question", "answer"} objects, or lines that begin with "Q:" and "A:".',
  )
}

const parseOrNull = (raw: string): unknown => {
  try {
    return JSON.parse(raw)
  } catch {
    return null
  }
}
