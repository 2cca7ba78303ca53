import { createDocumentBuilder } from './document-builder.ts'
import { ExtractError } from './extract-error.ts'
import { extractOpenapi, isOpenapi } from './extract-openapi.ts'
import { extractQuestions, questionsInJson } from './extract-questions.ts'
import type { ExtractedDocument } from './extracted-document.ts'
import { recordLine } from './record-line.ts'

const deepest = 32

/**
 * JSON, or one JSON value a line. API descriptions and lists of questions are read as such; a list of records becomes a
 * paragraph a record; everything else `path.to.value: …` lines, an empty line between the parts of the outermost value.
 * Throws `unreadable`.
 */
export const extractJson = (raw: string): ExtractedDocument => {
  const value = parseJson(raw)
  if (isOpenapi(value)) return extractOpenapi(value)
  const questions = questionsInJson(value)
  if (questions) return extractQuestions(questions)
  const builder = createDocumentBuilder()
  for (const part of partsOf(value)) builder.paragraph(part)
  return builder.build(null)
}

const parseJson = (raw: string): unknown => {
  const text = raw.replace(/^\ufeff/, '')
  try {
    return JSON.parse(text)
  } catch (cause) {
    const lines = text.split('\n').filter((line) => line.trim())
    try {
      if (lines.length > 1) return lines.map((line): unknown => JSON.parse(line))
    } catch {
      // Not JSON lines either: the first error says where the document breaks.
    }
    throw new ExtractError('unreadable', `The file is not valid JSON: ${reason(cause)}.`, cause)
  }
}

const reason = (cause: unknown): string =>
  cause instanceof Error ? cause.message.slice(0, 200) : 'it cannot be parsed'

const partsOf = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.map((item) => recordOf(item))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).map(([key, item]) => linesOf(key, item).join('\n'))
  return [String(value)]
}

const recordOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value)
  if (entries.every(([, item]) => typeof item !== 'object' || item === null))
    return recordLine(
      entries.map(([key]) => key),
      entries.map(([, item]) => (item === null ? '' : String(item))),
    )
  return entries.flatMap(([key, item]) => linesOf(key, item)).join('\n')
}

const linesOf = (path: string, value: unknown, depth = 1): string[] => {
  if (value === null || value === '') return []
  if (typeof value !== 'object') return [`${path}: ${String(value)}`]
  if (depth >= deepest) return [`${path}: …`]
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return [`${path}: ${value.join(', ')}`]
  const entries = Array.isArray(value) ? value.map((item, i) => [String(i + 1), item] as const) : Object.entries(value)
  return entries.flatMap(([key, item]) => linesOf(`${path}.${key}`, item, depth + 1))
}
