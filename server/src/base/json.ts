export type JsonErrorCode =
  | 'invalid_utf8'
  | 'invalid_json'
  | 'too_deep'
  | 'duplicate_key'
  | 'forbidden_key'
  | 'nul_character'
  | 'lone_surrogate'
  | 'number_out_of_range'

/** A body that is not the JSON we accept. The message is for its sender. `path` is a JSON Pointer where one is known. */
export class JsonError extends Error {
  readonly code: JsonErrorCode
  readonly path: string | undefined
  constructor(code: JsonErrorCode, message: string, path?: string) {
    super(message)
    this.name = 'JsonError'
    this.code = code
    this.path = path
  }
}

/** `maxDepth` counts arrays and objects inside one another; `{}` is 1. */
export type JsonLimits = { readonly maxDepth: number }

// Strips a byte order mark. Holds no state between whole texts.
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON body that two readers could not understand differently and that PostgreSQL can store: valid UTF-8, no
 * key twice in one object, no `__proto__`, no U+0000, no half of a surrogate pair, no number beyond a double. Throws
 * JsonError.
 */
export const parseJson = (bytes: Uint8Array, limits: JsonLimits): unknown => {
  const text = decode(bytes)
  const members = countMembers(text, limits.maxDepth)
  const value = parse(text)
  const found = inspect(value)
  if (Number.isNaN(found)) throw refusal(value, '')
  // JSON.parse keeps one of two equal keys, so the text then has more members than the value.
  if (found !== members) throw duplicateKey(text)
  return value
}

const decode = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new JsonError('invalid_utf8', 'The body is not valid UTF-8.')
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable'
    throw new JsonError('invalid_json', `The body is not valid JSON: ${reason}.`)
  }
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

// The number of members of all objects: right for valid JSON, meaningless for anything else. Checks the depth before
// anything recurses.
const countMembers = (text: string, maxDepth: number): number => {
  let depth = 0
  let members = 0
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === quote) i = endOfString(text, i)
    else if (char === colon) members++
    else if (char === openBrace || char === openBracket) {
      if (++depth > maxDepth) throw new JsonError('too_deep', `The body is nested more than ${maxDepth} levels deep.`)
    } else if (char === closeBrace || char === closeBracket) depth--
  }
  return members
}

/** The index of the quote that closes the string opened at `start`, or the length of the text when none does. */
const endOfString = (text: string, start: number): number => {
  let end = start
  for (;;) {
    end = text.indexOf('"', end + 1)
    if (end === -1) return text.length
    let before = end - 1
    while (text.charCodeAt(before) === backslash) before--
    if ((end - before) % 2 === 1) return end
  }
}

// The number of members of all objects inside, or NaN when something inside is refused. The depth was checked before.
const inspect = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return refusedScalar(value) ? Number.NaN : 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += inspect(item)
    return members
  }
  const object = value as Record<string, unknown> // JSON.parse made it
  for (const key in object) {
    if (refusedKey(key)) return Number.NaN
    members += 1 + inspect(object[key])
  }
  return members
}

const refusedText = (text: string): JsonErrorCode | null => {
  if (text.includes('\0')) return 'nul_character'
  return text.isWellFormed() ? null : 'lone_surrogate'
}

const refusedScalar = (value: unknown): JsonErrorCode | null => {
  if (typeof value === 'string') return refusedText(value)
  return value === Infinity || value === -Infinity ? 'number_out_of_range' : null
}

const refusedKey = (key: string): JsonErrorCode | null => {
  if (key === '__proto__') return 'forbidden_key'
  return refusedText(key)
}

const messages = {
  forbidden_key: 'The key __proto__ is not allowed.',
  nul_character: 'The character U+0000 is not allowed in text.',
  lone_surrogate: 'This text is not valid Unicode: half of a surrogate pair stands alone.',
  number_out_of_range: 'This number is too large.',
}

// The slow walk, taken only to say where: the first refused thing in reading order.
const refusal = (value: unknown, path: string): JsonError | null => {
  if (typeof value !== 'object' || value === null) return refusedAt(refusedScalar(value), path)
  for (const [key, item] of Object.entries(value)) {
    const here = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const error = (Array.isArray(value) ? null : refusedAt(refusedKey(key), here)) ?? refusal(item, here)
    if (error) return error
  }
  return null
}

const shownPath = (path: string): string => path.replaceAll('\0', '\\u0000').slice(0, 200).toWellFormed()

const refusedAt = (code: JsonErrorCode | null, path: string): JsonError | null =>
  code !== null && code in messages
    ? new JsonError(code, `${messages[code as keyof typeof messages]} It is at '${shownPath(path)}'.`, path)
    : null

// The slow scan of valid JSON, taken only to name the key. Within an object, a string after `{` or `,` is a key.
const duplicateKey = (text: string): JsonError => {
  const open: (Set<string> | null)[] = []
  let expectsKey = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '"') {
      const end = endOfString(text, i)
      const seen = open.at(-1)
      if (expectsKey && seen) {
        const key: string = JSON.parse(text.slice(i, end + 1))
        if (seen.has(key))
          return new JsonError('duplicate_key', `The key '${key.slice(0, 80)}' occurs twice in one object.`)
        seen.add(key)
      }
      i = end
      expectsKey = false
    } else if (char === '{') expectsKey = open.push(new Set()) > 0
    else if (char === '[') expectsKey = open.push(null) < 0
    else if (char === '}' || char === ']') open.pop()
    else if (char === ',') expectsKey = true
  }
  return new JsonError('duplicate_key', 'A key occurs twice in one object.')
}
