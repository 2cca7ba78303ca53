import { createDocumentBuilder } from './document-builder.ts'
import { extractQuestions, questionKeys } from './extract-questions.ts'
import type { ExtractedDocument } from './extracted-document.ts'
import { normaliseText } from './normalise-text.ts'
import { parseCsv } from './parse-csv.ts'
import { recordLine } from './record-line.ts'

/**
 * Every row becomes a paragraph that stands by itself: `name: value; name: value`. A table with a question and an answer
 * column is read as questions.
 */
export const extractCsv = (raw: string): ExtractedDocument => {
  const rows = parseCsv(normaliseText(raw))
  const first = rows[0] ?? []
  const hasNames = rows.length > 1 && first.every((cell) => cell && !/^[-+]?[\d.,\s]+%?$/.test(cell))
  const names = hasNames ? first : []
  const records = hasNames ? rows.slice(1) : rows
  const question = names.findIndex((name) => questionKeys.question.includes(name.toLowerCase()))
  const answer = names.findIndex((name) => questionKeys.answer.includes(name.toLowerCase()))
  if (question >= 0 && answer >= 0)
    return extractQuestions(records.map((row) => ({ question: row[question] ?? '', answer: row[answer] ?? '' })))
  const builder = createDocumentBuilder()
  for (const record of records) builder.paragraph(recordLine(names, record))
  return builder.build(null)
}
