/** RFC 4180 with the separator the first line uses most: comma, semicolon, tab or bar. Quotes may hold line ends. */
export const parseCsv = (text: string): string[][] => {
  const separator = separatorOf(text)
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at <= text.length) {
    const { value, end } = text[at] === '"' ? quotedCell(text, at, separator) : plainCell(text, at, separator)
    row.push(value)
    if (text[end] !== separator) {
      if (row.length > 1 || row[0] !== '') rows.push(row)
      row = []
    }
    at = end + 1
  }
  return rows
}

const plainCell = (text: string, start: number, separator: string): { value: string; end: number } => {
  let end = start
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end++
  return { value: text.slice(start, end).trim(), end }
}

/** A quote that is never closed ends with its text; what stands between a closing quote and the separator is kept. */
const quotedCell = (text: string, start: number, separator: string): { value: string; end: number } => {
  let value = ''
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote === -1) return { value: value + text.slice(at), end: text.length }
    value += text.slice(at, quote)
    at = quote + 1
    if (text[at] !== '"') break
    value += '"'
    at++
  }
  const rest = plainCell(text, at, separator)
  return { value: value + rest.value, end: rest.end }
}

const separatorOf = (text: string): string => {
  const firstLine = text
    .slice(0, 10_000)
    .replace(/"[^"]*"/g, '')
    .split('\n', 1)[0]!
  const count = (separator: string) => firstLine.split(separator).length
  return [',', ';', '\t', '|'].reduce((best, one) => (count(one) > count(best) ? one : best))
}
