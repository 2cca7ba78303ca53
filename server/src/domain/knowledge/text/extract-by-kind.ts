import { charsetOf, decodeText } from './decode-text.ts'
import type { TextKind } from './detect-kind.ts'
import type { ExtractLimits } from './extract-limits.ts'
import type { ExtractedDocument } from './extracted-document.ts'

/** Runs the one reader of a kind. Readers and their libraries are loaded when first needed, so that the server starts fast. */
export const extractByKind = async (
  kind: TextKind,
  bytes: Uint8Array,
  mediaType: string | null,
  limits: ExtractLimits,
): Promise<ExtractedDocument> => {
  if (kind === 'pdf') return (await import('./extract-pdf.ts')).extractPdf(bytes, limits)
  if (kind === 'docx') return (await import('./extract-docx.ts')).extractDocx(bytes, limits)
  if (kind === 'html') {
    const charset = charsetOf(mediaType) ?? charsetInHead(bytes)
    return (await import('./extract-html.ts')).extractHtml(decodeText(bytes, charset, 'windows-1252'))
  }
  return extractText(kind, decodeText(bytes, charsetOf(mediaType)))
}

const extractText = async (
  kind: Exclude<TextKind, 'pdf' | 'docx' | 'html'>,
  text: string,
): Promise<ExtractedDocument> => {
  const plain = async () => (await import('./extract-plain-text.ts')).extractPlainText(text)
  switch (kind) {
    case 'markdown':
      return (await import('./extract-markdown.ts')).extractMarkdown(text)
    case 'csv':
      return (await import('./extract-csv.ts')).extractCsv(text)
    case 'json':
      return (await import('./extract-json.ts')).extractJson(text)
    case 'openapi':
      return (await import('./extract-openapi.ts')).parseOpenapi(text)
    case 'yaml':
      return /^(?:openapi|swagger)\s*:/m.test(text)
        ? (await import('./extract-openapi.ts')).parseOpenapi(text)
        : plain()
    case 'qa':
      return (await import('./extract-questions.ts')).readQuestions(text)
    case 'text':
      return plain()
  }
}

const charsetInHead = (bytes: Uint8Array): string | null =>
  /<meta[^>]+charset\s*=\s*["']?\s*([\w:-]+)/i.exec(Buffer.from(bytes.subarray(0, 2048)).toString('latin1'))?.[1] ??
  null
