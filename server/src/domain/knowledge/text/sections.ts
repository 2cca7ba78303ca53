import type { ExtractedDocument, Heading } from './extracted-document.ts'
import { wordTenths } from './word-tenths.ts'

/** The text from one heading of level 1 to 3 to the next. `path` holds the headings it stands under, its own last. */
export type Section = {
  start: number
  end: number
  level: number
  path: string[]
  standalone: boolean
  tenths: number
}

const lowestLevel = 3

/** The sections of a document in order, without empty ones: a heading with nothing below it belongs to the section that follows. */
export const sectionsOf = ({ text, headings }: ExtractedDocument): Section[] => {
  const breaks = headings.filter(({ level }) => level <= lowestLevel)
  const sections: Section[] = []
  let waiting: Section | null = null
  const add = (section: Section, hasBody: boolean) => {
    const joined: Section = waiting ? join(waiting, section) : section
    waiting = hasBody ? null : joined
    if (hasBody) sections.push(joined)
  }
  const first = breaks[0]?.offset ?? text.length
  if (text.slice(0, first).trim()) add(toSection(text, 0, first, 0, [], false), true)
  const open: Heading[] = []
  for (const [i, heading] of breaks.entries()) {
    while (open.length > 0 && open.at(-1)!.level >= heading.level) open.pop()
    open.push(heading)
    const end = breaks[i + 1]?.offset ?? text.length
    const path = open.map((one) => one.text)
    add(
      toSection(text, heading.offset, end, heading.level, path, heading.standalone === true),
      hasBody(text, heading, end),
    )
  }
  if (waiting) sections.push(waiting)
  return sections
}

const toSection = (
  text: string,
  start: number,
  end: number,
  level: number,
  path: string[],
  standalone: boolean,
): Section => ({
  start,
  end,
  level,
  path,
  standalone,
  tenths: wordTenths(text, start, end),
})

const join = (heading: Section, body: Section): Section => ({
  ...body,
  start: heading.start,
  level: Math.min(heading.level, body.level),
  tenths: heading.tenths + body.tenths,
})

const hasBody = (text: string, heading: Heading, end: number): boolean => {
  const lineEnd = text.indexOf('\n', heading.offset)
  return lineEnd !== -1 && lineEnd < end && /[\p{L}\p{N}]/u.test(text.slice(lineEnd, end))
}
