import { findFences } from './find-fences.ts'

export type Span = { start: number; end: number }

// Where a sentence may end: a mark of a spaced script before white space, a full-width mark anywhere, an empty line, or the
// line before a list item, a heading, a table row or a quotation.
const possibleEnd =
  /(?<![.!?…؟۔։।॥])[.!?…؟۔։।॥]+["'”’»)\]*_]*(?=\s)|[。！？｡]+["'”’»）」』】]*|\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•|>#]|\d{1,3}[.)])[ \t])/g
const abbreviation =
  /(?:^|[\s("'“„[])(?:\p{L}|(?:\p{L}\.)+\p{L}?|mr|mrs|ms|dr|prof|st|mt|vs|cf|ca|resp|dept|est|incl|excl|hr|hrsg|bzw|ggf|evtl|inkl|mme|mlle|sra?|srta)$/iu
const numbered =
  /(?:^|[\s("'“„[])(?:nos?|nr|núm|figs?|arts?|abs|vol|pp?|pág|ch|sec|approx|max|min|tel|ext|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)$/iu
const listNumber = /(?:^|\n)[ \t]*\(?(?:\d{1,3}|[ivx]{1,4}|[a-z])$/i
// Long enough for every code span people write, short enough that stray backticks cost nothing.
const codeSpan = /(?<!`)(`{1,2})(?!`)[^`\n]{1,300}\1(?!`)/g

/**
 * The sentences of a text as spans without surrounding white space; together they hold every visible character. Web
 * addresses, decimals, abbreviations, initials and code stay whole: a code block is one sentence.
 */
export const splitSentences = (text: string): Span[] => {
  const sentences: Span[] = []
  let at = 0
  for (const fence of findFences(text)) {
    addSentences(text, at, fence.start, sentences)
    sentences.push(trimSpan(text, fence.start, fence.end))
    at = fence.end
  }
  addSentences(text, at, text.length, sentences)
  return sentences
}

const addSentences = (whole: string, offset: number, end: number, sentences: Span[]): void => {
  const text = whole.slice(offset, end)
  const codeSpans = codeSpansOf(text)
  let codeAt = 0
  let start = 0
  const cut = (at: number) => {
    const span = trimSpan(text, start, at)
    if (span.start < span.end) sentences.push({ start: offset + span.start, end: offset + span.end })
    start = at
  }
  for (const match of text.matchAll(possibleEnd)) {
    while (codeSpans[codeAt] && codeSpans[codeAt]!.end <= match.index) codeAt++
    if (codeSpans[codeAt] && codeSpans[codeAt]!.start <= match.index) continue
    const at = match.index + match[0].length
    if (match[0].startsWith('\n') || endsSentence(text, match.index, match[0], at)) cut(at)
  }
  cut(text.length)
}

const codeSpansOf = (text: string): Span[] =>
  [...text.matchAll(codeSpan)].map((match) => ({ start: match.index, end: match.index + match[0].length }))

const endsSentence = (text: string, index: number, mark: string, end: number): boolean => {
  if (/^[。！？｡]/.test(mark)) return true
  const after = text.slice(end, end + 40)
  const next = /^\s+["'“‘«„([¿¡*_]*(\S)/u.exec(after)?.[1] ?? ''
  if (/\p{Ll}/u.test(next)) return false
  if (!mark.startsWith('.') || mark.startsWith('..')) return true
  const before = text.slice(Math.max(0, index - 24), index)
  if (listNumber.test(before)) return false
  if (numbered.test(before) && /\p{N}/u.test(next)) return false
  // At the end of a paragraph even an abbreviation ends its sentence.
  return !abbreviation.test(before) || /^\s*(?:\n\s*\n|$)/.test(after)
}

/** The span without the white space at its ends; empty at `end` when it holds nothing else. */
export const trimSpan = (text: string, start: number, end: number): Span => {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return { start: from, end: to }
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x09
