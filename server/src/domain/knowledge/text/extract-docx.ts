import { checkZip } from './check-zip.ts'
import { dropHiddenRuns } from './drop-hidden-runs.ts'
import type { ExtractLimits } from './extract-limits.ts'
import type { ExtractedDocument } from './extracted-document.ts'
import { findMarkdownHeadings, onlyTopHeading } from './find-markdown-headings.ts'
import { htmlToMarkdown } from './html-to-markdown.ts'
import { normaliseText } from './normalise-text.ts'

/** A Word document by its paragraph styles: headings, lists, tables, links. Comments, deleted and hidden text are left out. */
export const extractDocx = async (bytes: Uint8Array, limits: ExtractLimits): Promise<ExtractedDocument> => {
  checkZip(bytes, limits)
  const { default: mammoth } = await import('mammoth')
  const { value: html } = await mammoth.convertToHtml(
    { buffer: await dropHiddenRuns(Buffer.from(bytes)) },
    {
      styleMap: ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"],
      convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })),
      includeEmbeddedStyleMap: false,
      externalFileAccess: false,
    },
  )
  const text = normaliseText(await htmlToMarkdown(html))
  const headings = findMarkdownHeadings(text)
  return { title: onlyTopHeading(headings), text, headings }
}
