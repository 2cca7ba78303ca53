import type { Heading } from './extracted-document.ts'
import { findFences } from './find-fences.ts'
import { type Span, splitSentences, trimSpan } from './sentences.ts'
import { splitOversize } from './split-oversize.ts'
import { wordTenths } from './word-tenths.ts'

/** What a chunk is put together from and never divides. `breakAfter` says how well a chunk may end there: 0 not at all, 4 best. */
export type Unit = Span & { kind: 'heading' | 'prose' | 'row' | 'code'; tenths: number; breakAfter: number }

const tableRow = /^[ \t]*\|.*\|$/
const record = /^[^\n:;]{1,80}: [^\n]*; [^\n:;]{1,80}: [^\n]*$/

/** The units of `text.slice(start, end)`, in order; together they hold every visible character of it. */
export const unitsOf = (text: string, start: number, end: number, headings: Heading[], maxTenths: number): Unit[] => {
  const units: Unit[] = []
  const headingOffsets = new Set(headings.map(({ offset }) => offset))
  const add = (kind: Unit['kind'], { start: from, end: to }: Span) => {
    const span = trimSpan(text, from, to)
    const heading = units.at(-1)?.kind === 'heading' && kind !== 'heading' ? units.at(-1)!.tenths : 0
    const isOversize = wordTenths(text, span.start, span.end) > maxTenths
    const pieces = isOversize ? splitOversize(text, span, maxTenths - heading) : [span]
    for (const piece of pieces)
      units.push({
        ...piece,
        kind,
        tenths: wordTenths(text, piece.start, piece.end),
        breakAfter: kind === 'row' ? 1 : 2,
      })
  }
  let paragraph: Span | null = null
  const closeParagraph = () => {
    if (!paragraph) return
    const { start: from, end: to } = paragraph
    const body = text.slice(from, to)
    if (record.test(body)) add('row', { start: from, end: to })
    else for (const one of splitSentences(body)) add('prose', { start: from + one.start, end: from + one.end })
    paragraph = null
  }
  const fences = findFences(text.slice(start, end)).map((fence) => ({
    start: start + fence.start,
    end: start + fence.end,
  }))
  let fenceAt = 0
  let at = start
  while (at < end) {
    const fence = fences[fenceAt]
    const newline = text.indexOf('\n', at)
    const lineEnd = newline === -1 || newline > end ? end : newline
    const line = text.slice(at, lineEnd)
    if (fence && at >= fence.start) {
      closeParagraph()
      add('code', fence)
      fenceAt++
      at = fence.end + 1
      continue
    }
    if (!line.trim()) {
      closeParagraph()
      const last = units.at(-1)
      if (last) last.breakAfter = 3
    } else if (headingOffsets.has(at)) {
      closeParagraph()
      const last = units.at(-1)
      if (last && last.kind !== 'heading') last.breakAfter = 4
      add('heading', { start: at, end: lineEnd })
    } else if (tableRow.test(line)) {
      closeParagraph()
      add('row', { start: at, end: lineEnd })
    } else {
      paragraph = { start: paragraph ? (paragraph as Span).start : at, end: lineEnd }
    }
    at = lineEnd + 1
  }
  closeParagraph()
  return units.map((unit) => withFollower(text, unit))
}

/** A heading, and a sentence that announces what follows it, stay with what follows. */
const withFollower = (text: string, unit: Unit): Unit => {
  if (unit.kind === 'heading') return { ...unit, breakAfter: 0 }
  return unit.breakAfter === 3 && /[:：]$/.test(text.slice(unit.start, unit.end)) ? { ...unit, breakAfter: 1 } : unit
}
