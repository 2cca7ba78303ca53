export type UnitKind = 'sentence' | 'item' | 'row' | 'code'

/** The smallest thing that can be quoted: a sentence, a list item, a table row or a code block. Offsets are into the text. */
export type Unit = {
  kind: UnitKind
  start: number
  end: number
  /** Nearest heading or question above it within the text, or ''. */
  heading: string
  /** What introduces it: the sentence before a list or code block, the header of a table, or ''. */
  lead: string
  /** Paragraph, list, table or code block it belongs to; counts from 0. */
  block: number
  ordered: boolean
}

type Line = { start: number; end: number; text: string }

const headingLine = /^\s{0,3}(?:#{1,6}\s+\S.*|\*\*[^*]+\*\*:?|__[^_]+__:?|Q(?:uestion)?\s*[:.]\s*\S.*)\s*$/
const itemLine = /^(\s*)([-*+•]|\d{1,3}[.)])\s+/
const fenceLine = /^\s*(```|~~~)/
const rowLine = /^\s*\|.*\|\s*$/
const ruleLine = /^[\s|:=_*-]+$/

/** Splits Markdown or plain text. Headings, questions and rules are never units themselves; they describe those below. */
export function splitUnits(text: string): Unit[] {
  const lines = splitLines(text)
  const units: Unit[] = []
  let heading = ''
  let block = -1
  let index = 0

  function add(kind: UnitKind, start: number, end: number, lead: string, ordered = false): void {
    const trimmed = trim(text, start, end)
    if (trimmed.end > trimmed.start) units.push({ kind, ...trimmed, heading, lead, block, ordered })
  }

  function take(accept: (line: Line) => boolean): Line[] {
    const from = index
    while (index < lines.length && accept(lines[index]!)) index += 1
    return lines.slice(from, index)
  }

  const lastSentence = () => {
    const last = units.at(-1)
    return last?.kind === 'sentence' ? text.slice(last.start, last.end) : ''
  }

  while (index < lines.length) {
    const line = lines[index]!
    if (line.text.trim() === '') {
      index += 1
      continue
    }
    if (headingLine.test(line.text) || isUnderlined(lines, index)) {
      heading = line.text.replace(/^[\s#*_]+|[\s#*_:]+$/g, '').replace(/^Q(?:uestion)?\s*[:.]\s*/, '')
      index += isUnderlined(lines, index) ? 2 : 1
      continue
    }
    block += 1
    if (fenceLine.test(line.text)) {
      const opened = index
      index += 1
      take((next) => !fenceLine.test(next.text))
      index = Math.min(index + 1, lines.length)
      add('code', line.start, lines[index - 1]!.end, opened === 0 ? '' : lastSentence())
    } else if (rowLine.test(line.text)) {
      addTable(take((next) => rowLine.test(next.text)))
    } else if (itemLine.test(line.text)) {
      addList(lastSentence())
    } else if (ruleLine.test(line.text)) {
      index += 1
    } else {
      addParagraph(take((next) => isProse(next.text)))
    }
  }
  return units

  function addTable(rows: Line[]): void {
    const hasHeader = rows.length > 1 && ruleLine.test(rows[1]!.text)
    for (const row of hasHeader ? rows.slice(2) : rows) {
      const start = row.start + row.text.indexOf('|') + 1
      add('row', start, row.start + row.text.lastIndexOf('|'), hasHeader ? rows[0]!.text : '')
    }
  }

  function addList(lead: string): void {
    while (index < lines.length) {
      const found = itemLine.exec(lines[index]!.text)
      if (found === null) return
      const first = lines[index]!
      index += 1
      const rest = take((next) => isProse(next.text) && /^\s+/.test(next.text))
      add('item', first.start + found[0].length, (rest.at(-1) ?? first).end, lead, /\d/.test(found[2]!))
      const following = lines.findIndex((next, at) => at >= index && next.text.trim() !== '')
      if (following > index && itemLine.test(lines[following]!.text)) index = following
    }
  }

  function addParagraph(paragraph: Line[]): void {
    const start = paragraph[0]!.start
    const end = paragraph.at(-1)!.end
    for (const sentence of splitSentences(text, start, end)) {
      const said = text.slice(sentence.start, sentence.end)
      if (/\?["'”’)*_]*$/.test(said)) heading = said
      else add('sentence', sentence.start + answerLabel(said), sentence.end, '')
    }
  }
}

function isProse(text: string): boolean {
  return text.trim() !== '' && ![headingLine, itemLine, fenceLine, rowLine].some((pattern) => pattern.test(text))
}

function isUnderlined(lines: Line[], index: number): boolean {
  const next = lines[index + 1]?.text ?? ''
  return /^\s{0,3}(={3,}|-{3,})\s*$/.test(next) && isProse(lines[index]!.text) && !ruleLine.test(lines[index]!.text)
}

function answerLabel(said: string): number {
  return /^(?:A(?:nswer)?\s*[:.]\s+|>\s*)/.exec(said)?.[0].length ?? 0
}

function splitLines(text: string): Line[] {
  const lines: Line[] = []
  let start = 0
  for (const line of text.split('\n')) {
    lines.push({ start, end: start + line.length, text: line })
    start += line.length + 1
  }
  return lines
}

const abbreviation =
  /(?:^|[\s(])(?:e\.g|i\.e|dr|mr|mrs|ms|prof|st|no|nr|vs|approx|incl|inc|ltd|co|fig|cf|max|min|tel|ca|ext|jr|sr|[A-Z])\.$/i

function splitSentences(text: string, start: number, end: number): { start: number; end: number }[] {
  const sentences: { start: number; end: number }[] = []
  let from = start
  for (const match of text.slice(start, end).matchAll(/[.!?…]+["'”’)\]*_`]*(?=\s)|[。！？]|\n/g)) {
    const to = start + match.index + match[0].length
    const said = text.slice(from, to)
    if (!endsSentence(said, text.slice(to, end), match[0])) continue
    sentences.push({ start: from, end: to })
    from = to
  }
  sentences.push({ start: from, end })
  return joinCrumbs(
    text,
    sentences.map((sentence) => trim(text, sentence.start, sentence.end)),
  )
}

function endsSentence(said: string, rest: string, mark: string): boolean {
  if (insideCodeSpan(said)) return false
  const next = rest.trimStart()
  if (mark === '\n') return lastLineLength(said) < 60 && /^[\p{Lu}\p{N}]/u.test(next)
  if (/[。！？]/.test(mark)) return true
  if (mark.startsWith('.') && abbreviation.test(said)) return false
  return next === '' || /^[^\p{Ll}]/u.test(next)
}

function insideCodeSpan(said: string): boolean {
  return said.split('`').length % 2 === 0
}

function lastLineLength(said: string): number {
  return said.trimEnd().length - (said.trimEnd().lastIndexOf('\n') + 1)
}

/** `Yes.` alone answers nobody; it joins the sentence after it. */
function joinCrumbs(text: string, sentences: { start: number; end: number }[]): { start: number; end: number }[] {
  const joined: { start: number; end: number }[] = []
  let pending: number | undefined
  for (const sentence of sentences.filter(({ start, end }) => end > start)) {
    const isCrumb = /^(?:A(?:nswer)?[:.]\s+)?\W*(?:\S+|(?:yes|no)\b\W+\S+)$/i.test(
      text.slice(sentence.start, sentence.end),
    )
    const start = pending ?? sentence.start
    pending = isCrumb && pending === undefined ? start : undefined
    if (pending === undefined) joined.push({ start, end: sentence.end })
  }
  const last = sentences.at(-1)
  if (pending !== undefined && last !== undefined) joined.push({ start: pending, end: last.end })
  return joined
}

function trim(text: string, start: number, end: number): { start: number; end: number } {
  let [from, to] = [start, end]
  while (from < to && /\s/.test(text[from]!)) from += 1
  while (to > from && /\s/.test(text[to - 1]!)) to -= 1
  return { start: from, end: to }
}
