const plain = /^[\w:.+-]+$/
const special = /[\\"]/g

const quote = (text: string): string =>
  plain.test(text) && text.toLowerCase() !== 'null' ? text : `"${text.replace(special, '\\$&')}"`

const elementText = (value: unknown): string | undefined => {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return value instanceof Date && !Number.isNaN(value.getTime()) ? `"${value.toISOString()}"` : undefined
}

/**
 * A flat array in PostgreSQL's own words; undefined for one that holds anything but text, numbers, booleans, dates and null.
 * Batches are sent as arrays of hundreds of ids, and the library's general way costs more than the statement's round trip.
 */
export const arrayText = (values: readonly unknown[]): string | undefined => {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    const element = elementText(values[i])
    if (element === undefined) return undefined
    text += i === 0 ? element : `,${element}`
  }
  return `${text}}`
}
