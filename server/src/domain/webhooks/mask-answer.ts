import { redact } from '../../base/redact.ts'
import type { CustomHeaders } from './custom-headers.ts'

const hidden = '••••'
// Shorter values are words such as `acme`, which an answer may hold for reasons of its own.
const shortest = 8
// No secret of a known form is shorter; the headers of most answers are.
const shortestKnown = 12

// A token also stands alone, without the `Bearer` in front of it.
const secretsOf = (headers: CustomHeaders): string[] =>
  Object.values(headers)
    .flatMap((value) => [value, value.split(' ').at(-1)!])
    .filter((value) => value.length >= shortest)

/** Without the beginning of a secret that the end of a cut text may be. */
const withoutCut = (text: string, secret: string): string => {
  for (let length = Math.min(secret.length - 1, text.length); length >= shortest; length--)
    if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${hidden}`
  return text
}

/**
 * What may be kept of an answer. Some endpoints send back all they are sent, and the values of a webhook's own headers,
 * sealed at rest, would be readable in its attempts; so would a signing secret that an endpoint quotes.
 */
export const createMask = (headers: CustomHeaders): ((text: string) => string) => {
  const secrets = secretsOf(headers)
  return (text) => {
    if (text.length < shortest) return text
    const masked = secrets.reduce((rest, secret) => withoutCut(rest.replaceAll(secret, hidden), secret), text)
    return masked.length < shortestKnown ? masked : redact(masked, ['secret']).text
  }
}
