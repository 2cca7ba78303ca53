import { splitUnits } from './split-units.ts'

const cellsOf = (row: string): string[] =>
  row
    .replace(/^\s*\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

/**
 * How a quoted span is said. The row of a table is no sentence without its header: it is read out as `header: value;
 * header: value`, empty cells left out. Everything else is said as it stands.
 */
export const readingOf = (text: string, start: number, end: number): string => {
  const row = splitUnits(text).find((unit) => unit.kind === 'row' && unit.start === start && unit.end === end)
  if (row === undefined) return text.slice(start, end)
  const names = row.lead === '' ? [] : cellsOf(row.lead)
  return cellsOf(text.slice(start, end))
    .map((value, at) => (value !== '' && names[at] ? `${names[at]}: ${value}` : value))
    .filter((part) => part !== '')
    .join('; ')
}
