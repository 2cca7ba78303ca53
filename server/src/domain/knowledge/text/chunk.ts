import { ExtractError } from './extract-error.ts'
import type { ExtractedDocument, Heading } from './extracted-document.ts'
import { type Section, sectionsOf } from './sections.ts'
import type { Span } from './sentences.ts'
import { type Unit, unitsOf } from './units.ts'

/**
 * One passage that search finds and an answer cites. `doc.text.slice(start, end) === text`, in UTF-16 code units.
 * `titlePath` goes from the document's title to the nearest heading; siblings that share a chunk are one entry, `A / B`.
 */
export type Chunk = { ordinal: number; text: string; start: number; end: number; titlePath: string[] }

/** In words, as `wordTenths` counts their tenths. No chunk is larger than `max`. */
export const chunkWords = { tiny: 40, min: 120, max: 220 } as const

const tiny = chunkWords.tiny * 10
const min = chunkWords.min * 10
const max = chunkWords.max * 10
const longestOverlap = 400

/**
 * Cuts a document into passages of 120 to 220 words along its sections. A chunk crosses a heading of level 1 to 3 only when
 * its section has less than 40 words; it then goes on with the siblings and children that follow, so that a small page does
 * not fall into crumbs. Entries looked up by themselves (`standalone`) are never joined. Neighbours within a section share
 * a sentence. Code blocks and table rows stay whole unless larger than a chunk. Throws `too_large` (`ExtractError`) as soon
 * as there are more than `most`.
 */
export const chunkDocument = (doc: ExtractedDocument, most = Infinity): Chunk[] => {
  const chunks: Chunk[] = []
  for (const group of joinTiny(sectionsOf(doc)))
    for (const chunk of chunksOf(doc, group)) {
      if (chunks.length >= most)
        throw new ExtractError(
          'too_large',
          `The text makes more than the ${most} passages one source may have. Split it.`,
        )
      chunks.push({ ordinal: chunks.length, ...chunk })
    }
  return chunks
}

const joinTiny = (sections: Section[]): Section[][] => {
  const groups: Section[][] = []
  for (const section of sections) {
    const group = groups.at(-1)
    if (group && mayJoin(group, section)) group.push(section)
    else groups.push([section])
  }
  return groups
}

const mayJoin = (group: Section[], next: Section): boolean => {
  const size = group.reduce((sum, { tenths }) => sum + tenths, 0)
  const first = group[0]!
  return !first.standalone && !next.standalone && size < tiny && size + next.tenths <= max && next.level >= first.level
}

const chunksOf = (doc: ExtractedDocument, group: Section[]): Omit<Chunk, 'ordinal'>[] => {
  const { start } = group[0]!
  const { end } = group.at(-1)!
  const headings = doc.headings.slice(headingsBefore(doc.headings, start), headingsBefore(doc.headings, end))
  const smaller = headings.filter(({ level }) => level > 3)
  const paths = pathsOf(smaller)
  const shared = group.length > 1 ? sharedPath(group.map(({ path }) => path)) : null
  return pack(unitsOf(doc.text, start, end, headings, max)).map((span) => ({
    text: doc.text.slice(span.start, span.end),
    ...span,
    titlePath: withTitle(doc.title, shared ?? deepPath(group[0]!, smaller, paths, span)),
  }))
}

/** How many headings lie before `offset`. */
const headingsBefore = (headings: Heading[], offset: number): number => {
  let low = 0
  let high = headings.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (headings[middle]!.offset < offset) low = middle + 1
    else high = middle
  }
  return low
}

const pack = (units: Unit[]): Span[] => {
  const spans: Span[] = []
  let first = 0
  let firstNew = 0
  while (firstNew < units.length) {
    const last = lastUnit(units, first, firstNew)
    spans.push({ start: units[first]!.start, end: units[last]!.end })
    firstNew = last + 1
    first = last > first && mayRepeat(units[last]!, units[firstNew]) ? last : firstNew
  }
  return spans
}

const mayRepeat = (unit: Unit, next: Unit | undefined): boolean =>
  unit.kind === 'prose' && unit.tenths <= longestOverlap && next?.kind === 'prose' && unit.tenths + next.tenths <= max

/** The unit that ends the chunk from `first` on, which holds at least `firstNew`: the best end within the allowed sizes, the last one of those. */
const lastUnit = (units: Unit[], first: number, firstNew: number): number => {
  const rest = sizeUpTo(units, first, max + min)
  if (rest <= max) return units.length - 1
  // What is left makes two chunks but not two large ones: cut near the middle rather than leave a crumb.
  const even = rest < max + min
  const most = even ? rest / 2 + tiny : max
  const least = even ? rest / 2 - tiny : min
  const leastFor = [Infinity, least, least, Math.min(least, 800), Math.min(least, 600)]
  let size = 0
  let best = -1
  let furthest = firstNew
  for (let i = first; i < units.length; i++) {
    const unit = units[i]!
    size += unit.tenths
    if (i > firstNew && size > most) break
    if (i < firstNew) continue
    if (unit.breakAfter > 0 || units[furthest]!.breakAfter === 0) furthest = i
    if (size >= leastFor[unit.breakAfter]! && (best < 0 || unit.breakAfter >= units[best]!.breakAfter)) best = i
  }
  return best >= 0 ? best : furthest
}

const sizeUpTo = (units: Unit[], first: number, enough: number): number => {
  let size = 0
  for (let i = first; i < units.length && size < enough; i++) size += units[i]!.tenths
  return size
}

/** The headings all sections stand under, then the names in which they differ. */
const sharedPath = (paths: string[][]): string[] => {
  const common = commonPrefix(paths)
  const names = new Set(paths.flatMap((path) => path.slice(common.length, common.length + 1)))
  return names.size > 0 ? [...common, [...names].join(' / ')] : common
}

/** A section's path, and those of its smaller headings that hold for all of a chunk in it. */
const deepPath = (section: Section, smaller: Heading[], paths: string[][], span: Span): string[] => {
  const next = headingsBefore(smaller, span.start + 1)
  const within = paths.slice(next, headingsBefore(smaller, span.end))
  return [...section.path, ...commonPrefix([paths[next - 1] ?? [], ...within])]
}

/** For every heading the texts of those it stands under, its own last. */
const pathsOf = (headings: Heading[]): string[][] => {
  let open: Heading[] = []
  return headings.map((heading) => {
    open = [...open.filter(({ level }) => level < heading.level), heading]
    return open.map(({ text }) => text)
  })
}

const commonPrefix = (paths: string[][]): string[] => {
  const [first = [], ...others] = paths
  const differs = first.findIndex((name, i) => others.some((path) => path[i] !== name))
  return differs === -1 ? first : first.slice(0, differs)
}

const withTitle = (title: string | null, path: string[]): string[] =>
  title === null || path[0]?.toLowerCase() === title.toLowerCase() ? path : [title, ...path]
