import type { Heading } from './extracted-document.ts'
import { findFences } from './find-fences.ts'
import { normaliseLine } from './normalise-text.ts'

const atx = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/
const underline = /^ {0,3}(=+|-{2,})[ \t]*$/
const cannotBeTitle = /^ {4}|^\t|^ {0,3}(?:[-*+>|#]|\d+[.)])(?:\s|$)|^ {0,3}\|/

/** The `#` and underlined headings of a normalised Markdown text, outside of code blocks. */
export const findMarkdownHeadings = (text: string): Heading[] => {
  const fences = findFences(text)
  const headings: Heading[] = []
  let fenceAt = 0
  let offset = 0
  let previous: { line: string; offset: number; startsParagraph: boolean } | null = null
  for (const line of text.split('\n')) {
    while (fences[fenceAt] && fences[fenceAt]!.end < offset) fenceAt++
    const fence = fences[fenceAt]
    if (fence && offset >= fence.start) {
      previous = null
    } else {
      const heading: Heading | null = readAtx(line, offset) ?? readUnderlined(line, previous)
      if (heading) headings.push(heading)
      previous = line.trim() && !heading ? { line, offset, startsParagraph: previous === null } : null
    }
    offset += line.length + 1
  }
  return headings
}

/** The text of the only heading of level 1; with several of them none is the document's title. */
export const onlyTopHeading = (headings: Heading[]): string | null => {
  const [top, ...others] = headings.filter(({ level }) => level === 1)
  return top && others.length === 0 ? top.text : null
}

const longestHeading = 500

const readAtx = (line: string, offset: number): Heading | null => {
  const match = line.length <= longestHeading ? atx.exec(line) : null
  return match ? toHeading(offset, match[1]!.length, match[2]!) : null
}

const readUnderlined = (
  line: string,
  previous: { line: string; offset: number; startsParagraph: boolean } | null,
): Heading | null => {
  const match = line.length <= longestHeading ? underline.exec(line) : null
  if (
    !match ||
    !previous?.startsParagraph ||
    previous.line.length > longestHeading ||
    cannotBeTitle.test(previous.line)
  )
    return null
  return toHeading(previous.offset, match[1]![0] === '=' ? 1 : 2, previous.line)
}

const toHeading = (offset: number, level: number, marked: string): Heading | null => {
  const text = plainInline(marked)
  if (!text) return null
  return { offset, level, text, ...(isQuestion(text) ? { standalone: true as const } : {}) }
}

const isQuestion = (text: string): boolean => /[?？؟]$/.test(text)

/** Heading text as a reader sees it: no emphasis marks, link addresses, backticks or escapes. */
const plainInline = (marked: string): string =>
  normaliseLine(
    marked
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/\s*\{#[\w-]+\}$/, '')
      .replace(/(\*\*|__|`)(.+?)\1/g, '$2')
      .replace(/(?<!\w)([*_])(\S.*?)\1(?!\w)/g, '$2')
      .replace(/\\([!-/:-@[-`{-~])/g, '$1'),
  )
