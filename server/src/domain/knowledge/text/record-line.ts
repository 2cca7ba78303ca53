import { normaliseLine } from './normalise-text.ts'

/** One record as a paragraph that stands by itself: `name: value; name: value`, empty values left out. */
export const recordLine = (names: string[], values: string[]): string =>
  values
    .map((value, i) => ({ name: normaliseLine(names[i] ?? ''), value: normaliseLine(value) }))
    .filter(({ value }) => value)
    .map(({ name, value }) => (name ? `${name}: ${value}` : value))
    .join('; ')
