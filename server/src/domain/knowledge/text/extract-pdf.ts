import { createDocumentBuilder } from './document-builder.ts'
import { ExtractError } from './extract-error.ts'
import type { ExtractLimits } from './extract-limits.ts'
import type { ExtractedDocument } from './extracted-document.ts'
import { onlyTopHeading } from './find-markdown-headings.ts'
import { linesOfPage, type PdfItem, type PdfLine, withoutRunningLines } from './pdf-lines.ts'

/**
 * The text of a PDF in reading order: lines joined to paragraphs, words put together again that were divided at a line's
 * end, larger print as headings, running headers and page numbers left out. A scan without a text layer is `empty`.
 * Throws also `encrypted`, `unreadable`, `too_large`.
 */
export const extractPdf = async (bytes: Uint8Array, limits: ExtractLimits): Promise<ExtractedDocument> => {
  const pdf = await openPdf(bytes)
  try {
    if (pdf.numPages > limits.maxPdfPages)
      throw new ExtractError('too_large', `The PDF has ${pdf.numPages} pages; at most ${limits.maxPdfPages} are read.`)
    const pages = await readPages(pdf, limits)
    const lines = withoutRunningLines(pages).flat()
    if (lines.length === 0)
      throw new ExtractError(
        'empty',
        'The PDF contains no text. It may be a scan; run text recognition (OCR) on it first.',
      )
    return toDocument(lines, await declaredTitle(pdf))
  } finally {
    await pdf.loadingTask.destroy()
  }
}

type Pdf = Awaited<ReturnType<typeof import('unpdf')['getDocumentProxy']>>

const openPdf = async (bytes: Uint8Array): Promise<Pdf> => {
  const { getDocumentProxy } = await import('unpdf')
  try {
    // The library takes its bytes over, so it gets a copy. Verbosity 0: it would write warnings to the console.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0, stopAtErrors: false })
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'PasswordException')
      throw new ExtractError('encrypted', 'The PDF is protected by a password.', cause)
    throw new ExtractError('unreadable', 'The PDF is damaged and cannot be opened.', cause)
  }
}

const readPages = async (pdf: Pdf, limits: ExtractLimits): Promise<PdfLine[][]> => {
  const pages: PdfLine[][] = []
  let length = 0
  for (let number = 1; number <= pdf.numPages; number++) {
    const page = await pdf.getPage(number)
    const content = await page.getTextContent()
    const items = content.items.flatMap((item): PdfItem[] =>
      'str' in item
        ? [
            {
              text: item.str,
              x: item.transform[4],
              y: item.transform[5],
              size: Math.hypot(item.transform[2], item.transform[3]),
              endsLine: item.hasEOL,
            },
          ]
        : [],
    )
    const lines = linesOfPage(items, page.view, number)
    page.cleanup()
    length += lines.reduce((sum, line) => sum + line.text.length, 0)
    if (length > limits.maxTextBytes)
      throw new ExtractError('too_large', 'The PDF holds more text than is read from one file.')
    pages.push(lines)
  }
  return pages
}

const declaredTitle = async (pdf: Pdf): Promise<string | null> => {
  const { info } = await pdf.getMetadata()
  const title: unknown = 'Title' in info ? info.Title : null
  if (typeof title !== 'string') return null
  const isFileName = /^(untitled|document\d*|microsoft word - .*|.*\.(docx?|pdf|indd|tex|pptx?|xlsx?))$/i.test(
    title.trim(),
  )
  return isFileName ? null : title.trim() || null
}

const toDocument = (lines: PdfLine[], title: string | null): ExtractedDocument => {
  const levels = headingLevels(lines)
  const hyphenated = hyphenatedWords(lines)
  const builder = createDocumentBuilder()
  let paragraph: PdfLine[] = []
  const close = () => {
    const level = paragraph[0] ? levels.get(sizeClass(paragraph[0])) : undefined
    const text = joinLines(paragraph, hyphenated)
    if (level && isHeading(paragraph, text)) builder.heading(level, text)
    else builder.paragraph(text)
    paragraph = []
  }
  const spacing = usualSpacing(lines)
  for (const line of lines) {
    const previous = paragraph.at(-1)
    if (previous && startsParagraph(line, previous, spacing)) close()
    paragraph.push(line)
  }
  close()
  const document = builder.build(title)
  return title ? document : { ...document, title: onlyTopHeading(document.headings) }
}

/** Print a sixth larger than the body is a heading; the three largest such sizes are levels 1 to 3. */
const headingLevels = (lines: PdfLine[]): Map<number, number> => {
  const characters = new Map<number, number>()
  for (const line of lines) characters.set(sizeClass(line), (characters.get(sizeClass(line)) ?? 0) + line.text.length)
  const body = [...characters].reduce((most, one) => (one[1] > most[1] ? one : most))[0]
  const larger = [...characters.keys()].filter((size) => size >= body * 1.16).sort((a, b) => b - a)
  return new Map(larger.map((size, i) => [size, Math.min(i + 1, 3)]))
}

const sizeClass = ({ size }: PdfLine): number => Math.round(size * 2) / 2

const isHeading = (paragraph: PdfLine[], text: string): boolean =>
  paragraph.length <= 3 && text.length <= 200 && !isEntry(text) && /\p{L}/u.test(text)

/** The distance between lines that occurs most, in points; what is wider than two lines is a gap. */
const usualSpacing = (lines: PdfLine[]): number => {
  const counts = new Map<number, number>()
  for (const { top, size } of lines) {
    const spacing = Math.round(top * 2) / 2
    if (spacing > 1 && spacing <= size * 2) counts.set(spacing, (counts.get(spacing) ?? 0) + 1)
  }
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0])[0]
}

const startsParagraph = (line: PdfLine, previous: PdfLine, spacing: number): boolean => {
  if (sizeClass(line) !== sizeClass(previous)) return true
  // Across pages there is no distance to look at: a sentence that has not ended goes on.
  if (line.page !== previous.page) return /[.!?:。！？]["'”’)\]]*$/.test(previous.text)
  return line.top > Math.max(spacing, line.size) * 1.35 || line.y > previous.y + line.size
}

const isListItem = (text: string): boolean => /^(?:[•◦▪‣●○■–*-]|\(?\d{1,3}[.)]|[a-z]\))\s/.test(text)

/** A line of a menu, a price list or a table of contents: a name, dots, a number. */
const isEntry = (text: string): boolean => / … \S{1,12}$/.test(text)

const joinLines = (lines: PdfLine[], hyphenated: Set<string>): string =>
  lines.reduce((joined, { text }) => {
    if (!joined) return text
    if (isListItem(text) || isEntry(joined)) return `${joined}\n${text}`
    const divided = /(\p{L}+)[-\u00ad\u2010]$/u.exec(joined)
    const rest = /^\p{Ll}+/u.exec(text)?.[0]
    if (divided && rest) {
      const whole = hyphenated.has(`${divided[1]}-${rest}`.toLowerCase())
      return joined.slice(0, -1) + (whole ? '-' : '') + text
    }
    const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}，。、]$/u.test(joined)
    return unspaced ? joined + text : `${joined} ${text}`
  }, '')

/** Words written with a hyphen inside a line: those keep it when they are divided at a line's end. */
const hyphenatedWords = (lines: PdfLine[]): Set<string> =>
  new Set(lines.flatMap(({ text }) => text.match(/\p{L}+-\p{Ll}+/gu) ?? []).map((word) => word.toLowerCase()))
