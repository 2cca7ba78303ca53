export type RedactKind = 'secret' | 'email' | 'iban' | 'card' | 'ssn' | 'phone'

/** What was taken out: one entry for each different value, in order of first appearance. The value itself is gone. */
export type Redacted = { readonly kind: RedactKind; readonly token: string }

type Match = { readonly kind: RedactKind; readonly start: number; readonly end: number }

// The more trusted kind comes first and names what two kinds share.
const kindsByTrust: readonly RedactKind[] = ['secret', 'email', 'iban', 'card', 'ssn', 'phone']

const detectors: Readonly<Record<RedactKind, (text: string) => Match[]>> = {
  secret: (text) => matchesOf('secret', text, secretPattern),
  email: (text) => matchesOf('email', text, emailPattern),
  iban: (text) => findIbans(text),
  card: (text) => findCards(text),
  ssn: (text) => matchesOf('ssn', text, ssnPattern),
  phone: (text) => matchesOf('phone', text, phonePattern),
}

/**
 * Replaces personal numbers and secrets by tokens such as `[CARD_1]`; the same value gets the same token within one
 * call. Time grows with the length of the text and nothing else.
 */
export const redact = (
  text: string,
  kinds: readonly RedactKind[] = kindsByTrust,
): { text: string; found: Redacted[] } => {
  const tokens = new Map<string, string>()
  const counts = new Map<RedactKind, number>()
  const found: Redacted[] = []
  let out = ''
  let at = 0
  for (const { kind, start, end } of merged(kinds.flatMap((kind) => detectors[kind](text)))) {
    const value = `${kind} ${normal(kind, text.slice(start, end))}`
    let token = tokens.get(value)
    if (token === undefined) {
      const count = (counts.get(kind) ?? 0) + 1
      token = `[${kind.toUpperCase()}_${count}]`
      counts.set(kind, count)
      tokens.set(value, token)
      found.push({ kind, token })
    }
    out += text.slice(at, start) + token
    at = end
  }
  return { text: out + text.slice(at), found }
}

// Matches that overlap become one, so that no rest of either stays readable.
const merged = (found: Match[]): Match[] => {
  const result: Match[] = []
  for (const next of found.sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last && next.start < last.end) {
      const kind = kindsByTrust.indexOf(next.kind) < kindsByTrust.indexOf(last.kind) ? next.kind : last.kind
      result[result.length - 1] = { kind, start: last.start, end: Math.max(last.end, next.end) }
    } else result.push(next)
  }
  return result
}

const normal = (kind: RedactKind, value: string): string => {
  if (kind === 'secret') return value
  return kind === 'email' ? value.toLowerCase() : value.replace(/[^0-9A-Za-z]/g, '').toUpperCase()
}

const matchesOf = (kind: RedactKind, text: string, pattern: RegExp): Match[] =>
  Array.from(text.matchAll(pattern), ({ index, 0: value }) => ({ kind, start: index, end: index + value.length }))

// Each pattern is linear: a failed attempt is bounded, or can begin only where the run before it ended.
// matchAll and replaceAll copy a pattern before use, so these hold no state.
const secretPattern = new RegExp(
  [
    /(?<![A-Za-z0-9])ply_(?:live|test|widget)_[A-Za-z0-9]{8,}/,
    // Keys may carry another brand; their length keeps words like go_live_checklist apart.
    /(?<![A-Za-z0-9])[a-z][a-z0-9]{1,11}_(?:live|test|widget)_[A-Za-z0-9]{24,}/,
    /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=_-]{8,}/,
    /(?<![A-Za-z0-9])cvs_[A-Za-z0-9]{8,}/,
    // One-time tokens: 256 random bits as base64url. Their length keeps words like refresh_interval apart.
    /(?<![A-Za-z0-9])(?:invite|refresh|code|browser)_[\w-]{43,}/,
    /(?<![A-Za-z0-9])otpauth:\/\/[^\s"'<>]+/,
    /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}/,
    /(?<![A-Za-z0-9])(?:[Bb]earer|BEARER)[ \t]+(?=[A-Za-z._~+/=-]*\d)[A-Za-z0-9._~+/=-]{8,}/,
    /(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)
const emailPattern = /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu
// Grouped with one separator, or nine digits just after the words.
const ssnPattern =
  /(?<![\d-])(?!000|666|9\d\d)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])|(?<!\d)(?=\d{9}(?!\d))(?<=\b(?:ssn|social security)\b[^\d\n]{0,20})\d{9}/gi
// North America; any other country after + or 00; a national number with its leading 0, but not a date.
const phonePattern = new RegExp(
  [
    /(?<![\w+])\+1(?:[ ().\-\u00a0]{0,3}\d){10}(?!\d)/,
    /(?<![\w+])(?:\+|00)[2-9](?:[ ().\-\u00a0/]{0,3}\d){6,13}(?!\d)/,
    /(?<![\w+.-])(?:1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-]?)[2-9]\d{2}[ .-]?\d{4}(?!\w|-\d)/,
    /(?<![\w+./-])(?!\d\d[.\-/]\d\d[.\-/]\d{2})\(?0[1-9](?:[ ).\-/]{0,2}\d){7,10}(?!\w)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

const ibanLengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 ' +
    'LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 ' +
    'RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

const findIbans = (text: string): Match[] => {
  const found: Match[] = []
  for (const { index: start } of text.matchAll(/(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ \-A-Za-z0-9])/g)) {
    const length = ibanLengths.get(text.slice(start, start + 2).toUpperCase())
    const candidate = length === undefined ? null : takeAlphanumerics(text, start, length)
    if (candidate && mod97(candidate.value) === 1) found.push({ kind: 'iban', start, end: candidate.end })
  }
  return found
}

// Reads `length` letters or digits with at most one space or hyphen between two, up to the end of the word.
const takeAlphanumerics = (text: string, start: number, length: number): { value: string; end: number } | null => {
  let value = ''
  let at = start
  while (value.length < length) {
    if (value !== '' && isSeparator(text.charCodeAt(at))) at++
    const char = text[at]
    if (char === undefined || !/[A-Za-z0-9]/.test(char)) return null
    value += char
    at++
  }
  return /[A-Za-z0-9]/.test(text[at] ?? ' ') ? null : { value: value.toUpperCase(), end: at }
}

const mod97 = (iban: string): number => {
  let rest = 0
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const digit = Number.parseInt(char, 36)
    rest = (rest * (digit > 9 ? 100 : 10) + digit) % 97
  }
  return rest
}

// Digits with at most one separator between two form a run; a card is 13 to 19 of them from one group's start to
// another's end, begins as issuers' numbers do, and passes Luhn's check.
const findCards = (text: string): Match[] => {
  const found: Match[] = []
  let run: number[] = []
  for (let at = 0; at <= text.length; at++) {
    if (isDigit(text.charCodeAt(at))) run.push(at)
    else if (run.length > 0 && !(isSeparator(text.charCodeAt(at)) && isDigit(text.charCodeAt(at + 1)))) {
      if (run.length >= 13) collectCards(text, run, found)
      run = []
    }
  }
  return found
}

const collectCards = (text: string, run: readonly number[], found: Match[]): void => {
  for (let from = 0; from + 13 <= run.length; from++) {
    if (from > 0 && run[from - 1]! === run[from]! - 1) continue
    const length = cardLength(text, run, from)
    if (length === 0) continue
    found.push({ kind: 'card', start: run[from]!, end: run[from + length - 1]! + 1 })
    from += length - 1
  }
}

const cardLength = (text: string, run: readonly number[], from: number): number => {
  const first = digitAt(text, run[from]!)
  if (first < 2 || first > 6) return 0
  for (let length = Math.min(19, run.length - from); length >= 13; length--) {
    const next = run[from + length]
    const endsGroup = next === undefined || next > run[from + length - 1]! + 1
    if (endsGroup && passesLuhn(text, run, from, length)) return length
  }
  return 0
}

const passesLuhn = (text: string, run: readonly number[], from: number, length: number): boolean => {
  let sum = 0
  for (let i = 0; i < length; i++) {
    const digit = digitAt(text, run[from + length - 1 - i]!)
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

const digitAt = (text: string, at: number): number => text.charCodeAt(at) - 48
const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isSeparator = (code: number): boolean => code === 0x20 || code === 0x2d || code === 0x2e || code === 0xa0

const hidden = '[REDACTED]'
const secretName =
  /^key$|(?:authorization|cookie|password|passwd|passphrase|secret|token|credentials?|signature|(?:api|private|access|signing|encryption)[-_ ]?key)$/i

/**
 * A copy of a value fit for a log: members whose names promise a secret are hidden, and secrets inside other texts too.
 * Buffers become their size, errors their parts; deeper than 8 levels and longer than 100 items are cut.
 */
export const redactSecrets = (value: unknown): unknown => copy(value, 8)

const copy = (value: unknown, levels: number): unknown => {
  if (typeof value === 'string') return value.replaceAll(secretPattern, hidden)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof URL) return plain(value)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (levels === 0) return '[DEEP]'
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => copy(item, levels - 1))
  if (value instanceof Map) return copyMembers(Object.fromEntries(value), levels)
  if (value instanceof Set) return copy([...value], levels)
  if (value instanceof Error) return copyMembers({ ...value, ...partsOfError(value) }, levels)
  return copyMembers(value, levels)
}

const plain = (value: unknown): unknown => (value instanceof URL ? copy(value.href, 1) : value)

const partsOfError = ({ name, message, stack, cause }: Error) => ({ name, message, stack, ...(cause ? { cause } : {}) })

const copyMembers = (value: object, levels: number): Record<string, unknown> => {
  const result: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const name = key === '__proto__' ? '[__proto__]' : key
    result[name] = item !== null && item !== undefined && secretName.test(key) ? hidden : copy(item, levels - 1)
  }
  return result
}
