import { ExtractError } from './extract-error.ts'

/**
 * Bytes to text: the byte order mark decides, then `charset`, then UTF-8 without forgiveness. `fallback` is what a kind
 * assumes when nothing is declared and the bytes are not UTF-8 (browsers read such HTML as windows-1252).
 * Throws `invalid_encoding`.
 */
export const decodeText = (bytes: Uint8Array, charset: string | null, fallback?: string): string => {
  const marked = markedEncoding(bytes)
  if (marked) return decode(bytes, marked)
  if (charset && !/^(utf-?8|us-ascii)$/i.test(charset)) return decode(bytes, charset)
  try {
    return decode(bytes, 'utf-8')
  } catch (error) {
    if (fallback) return decode(bytes, fallback)
    throw error
  }
}

const markedEncoding = (bytes: Uint8Array): string | null => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return null
}

const decode = (bytes: Uint8Array, encoding: string): string => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    const message =
      cause instanceof RangeError
        ? `The file declares the encoding '${encoding.slice(0, 40)}', which is not known.`
        : `The file is not valid ${encoding.toUpperCase()} text. Save it as UTF-8 and add it again.`
    throw new ExtractError('invalid_encoding', message, cause)
  }
}

/** The `charset` of a media type such as `text/html; charset=iso-8859-1`. */
export const charsetOf = (mediaType: string | null): string | null =>
  mediaType?.match(/;\s*charset\s*=\s*"?([\w.:-]+)/i)?.[1] ?? null
