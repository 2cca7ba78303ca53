const rowLine = /^\s*\|.*\|\s*$/
const ruleLine = /^[\s|:-]+$/

const insideOf = (row: string): string => row.replace(/^\s*\||\|\s*$/g, '')

const cellsOf = (row: string): string[] =>
  insideOf(row)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

/** The lines of the table that a line stands in, down to that line; none when it is no row. */
const tableDownTo = (text: string, lineEnd: number): string[] => {
  const lines = text.slice(0, lineEnd).split('\n')
  const above = lines.findLastIndex((line) => !rowLine.test(line))
  return lines.slice(above + 1)
}

/**
 * How a quoted span is said. The row of a table is no sentence without its header: it is read out as `header: value;
 * header: value`, empty cells left out. Everything else is said as it stands.
 */
export const readingOf = (text: string, start: number, end: number): string => {
  const quote = text.slice(start, end)
  const lineEnd = text.indexOf('\n', end)
  const table = tableDownTo(text, lineEnd < 0 ? text.length : lineEnd)
  const row = table.at(-1)
  if (row === undefined || insideOf(row).trim() !== quote) return quote
  const names = table.length > 2 && ruleLine.test(table[1]!) ? cellsOf(table[0]!) : []
  const read = cellsOf(row)
    .map((value, at) => (value !== '' && names[at] ? `${names[at]}: ${value}` : value))
    .filter((part) => part !== '')
  return read.join('; ') || quote
}
