import type { ExtractedDocument } from './extracted-document.ts'
import { normaliseText } from './normalise-text.ts'

/** Plain text has neither title nor headings: a `#` in it is only a character. */
export const extractPlainText = (raw: string): ExtractedDocument => ({
  title: null,
  text: normaliseText(raw),
  headings: [],
})
