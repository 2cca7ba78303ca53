import type { ExtractedDocument, Heading } from './extracted-document.ts'
import { findMarkdownHeadings } from './find-markdown-headings.ts'
import { normaliseLine, normaliseText } from './normalise-text.ts'

export type DocumentBuilder = {
  /** Adds a heading line, written as Markdown (`## text`). */
  heading(level: number, text: string, options?: { standalone: boolean }): void
  /** Adds a paragraph whose own `#` lines are only text. */
  paragraph(text: string): void
  /** Adds Markdown whose headings count, moved down below `belowLevel`. */
  markdown(text: string, belowLevel: number): void
  build(title: string | null): ExtractedDocument
}

/** Puts normalised pieces together, a blank line between them, and keeps the offset of every heading. */
export const createDocumentBuilder = (): DocumentBuilder => {
  const pieces: string[] = []
  const headings: Heading[] = []
  let length = 0
  const add = (text: string): number => {
    const offset = length
    pieces.push(text)
    length += text.length + 2
    return offset
  }
  return {
    heading(level, text, options) {
      const line = normaliseLine(text)
      if (!line) return
      const offset = add(`${'#'.repeat(level)} ${line}`)
      headings.push({ offset, level, text: line, ...(options?.standalone ? { standalone: true as const } : {}) })
    },
    paragraph(text) {
      const piece = normaliseText(text)
      if (piece) add(piece)
    },
    markdown(text, belowLevel) {
      const piece = normaliseText(text)
      if (!piece) return
      const offset = add(piece)
      for (const found of findMarkdownHeadings(piece))
        headings.push({ ...found, offset: offset + found.offset, level: Math.min(6, belowLevel + found.level) })
    },
    build: (title) => ({
      title: title === null ? null : normaliseLine(title) || null,
      text: pieces.join('\n\n'),
      headings,
    }),
  }
}
