/** A paragraph, a small table, or lines that are shown to the letter. Only `code` keeps its line breaks, and is ours alone. */
type Part = string | { facts: readonly (readonly [name: string, value: string])[] } | { code: string }

/** What a notice says, in plain words: names and addresses go in as they are, and are made harmless when it is rendered. */
export type Letter = { subject: string; parts: readonly Part[] }

/** What a letter may name. `name` is the workspace's. */
export type Place = { name: string; publicUrl: string }

// A line longer than that is nobody's name, and a subject is cut by its reader anyway.
const longest = { subject: 150, name: 80, value: 300, paragraph: 1_000 }

/** One line without breaks, signs that print nothing, or signs that turn the reading around. */
const onOneLine = (text: string, most: number): string => {
  const signs = [...text.replace(/[\p{C}\s]+/gu, ' ').trim()]
  return signs.length <= most
    ? signs.join('')
    : `${signs
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

/** A name that somebody chose, for use inside a sentence. */
export const quoteName = (name: string): string => `“${onOneLine(name, longest.name)}”`

/** `2026-03-11 11:22 UTC` */
export const sayTime = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]!)

const lineOf = (fact: readonly [string, string]): [string, string] => [
  onOneLine(fact[0], longest.name),
  onOneLine(fact[1], longest.value),
]

const toText = (part: Part): string => {
  if (typeof part === 'string') return onOneLine(part, longest.paragraph)
  if ('code' in part) return part.code
  return part.facts
    .map(lineOf)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

const toHtml = (part: Part): string => {
  if (typeof part === 'string') return `<p>${escapeHtml(onOneLine(part, longest.paragraph))}</p>`
  if ('code' in part) return `<pre>${escapeHtml(part.code)}</pre>`
  const rows = part.facts
    .map(lineOf)
    .map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`)
  return `<table>${rows.join('')}</table>`
}

/** The three texts of a mail. Nothing in them is loaded from anywhere, and nothing tells whether it was read. */
export const renderLetter = ({ subject, parts }: Letter): { subject: string; text: string; html: string } => ({
  subject: onOneLine(subject, longest.subject),
  text: `${parts.map(toText).join('\n\n')}\n`,
  html: `<!doctype html><html><body>${parts.map(toHtml).join('')}</body></html>`,
})
