import { countWords, createFinder, questionTerms } from '../../src/models/extractive/words.ts'
import type { Passage } from '../../src/models/model.ts'
import type { EvaluationDocument } from './evaluation-document.ts'

/** Stands in for the server's retrieval: one passage a section, the best six by BM25 over the document itself. */
export function retrieve(document: EvaluationDocument, question: string): Passage[] {
  const sections = splitSections(document.text)
  const terms = questionTerms(question)
  const find = createFinder(terms)
  const texts = sections.map((section) => `${section.title}\n${section.text}`)
  const scores = texts.map((text) => {
    const length = 1.2 * (0.25 + (0.75 * countWords(text)) / 40)
    return terms.reduce((score, _, at) => {
      // Lexemes only, as in the database: no words of the same meaning.
      if (find(text)[at] !== 1) return score
      const holding = texts.filter((other) => find(other)[at] === 1).length
      return score + (Math.log(1 + (texts.length - holding + 0.5) / (holding + 0.5)) * 2.2) / (1 + length)
    }, 0)
  })
  return sections
    .map((section, at) => ({ ...section, score: scores[at]! }))
    .filter((section) => section.score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 6)
    .map((section, at) => ({ ...section, index: at + 1, sourceName: document.name }))
}

function splitSections(text: string): { title: string; text: string }[] {
  const [top = '', ...sections] = text.split(/^## /m)
  const name = top.split('\n')[0]!.replace(/^# /, '')
  const intro = top.split('\n').slice(1).join('\n').trim()
  const parts = sections.map((section) => {
    const [heading = '', ...lines] = section.split('\n')
    return { title: `${name} > ${heading}`, text: lines.join('\n').trim() }
  })
  return intro === '' ? parts : [{ title: name, text: intro }, ...parts]
}
