import { detectKind, type TextKind } from './detect-kind.ts'
import { extractByKind } from './extract-by-kind.ts'
import { ExtractError } from './extract-error.ts'
import { extractInThread } from './extract-in-thread.ts'
import { type ExtractLimits, extractLimits } from './extract-limits.ts'
import type { ExtractedDocument } from './extracted-document.ts'

/** `kind` settles what the bytes are; without it the bytes, the media type and the file's name decide, in this order. */
export type ExtractInput = {
  bytes: Uint8Array
  mediaType?: string | null
  fileName?: string | null
  kind?: TextKind | null
}

// What is small is read where it is, because a thread costs some 100 ms. Deeply nested HTML takes longest: 16 KB of it 40 ms.
const inlineBytes = (kind: TextKind): number => {
  if (kind === 'pdf' || kind === 'docx') return 0
  return kind === 'html' ? 16 * 1024 : 128 * 1024
}

/** Turns a file, page or text into the normalised text that is stored, cut and cited. Throws `ExtractError`, nothing else. */
export const extractDocument = async (
  input: ExtractInput,
  limits: ExtractLimits = extractLimits,
): Promise<ExtractedDocument> => {
  const { bytes, mediaType = null, fileName = null } = input
  if (bytes.length === 0) throw new ExtractError('empty', 'The file is empty.')
  const kind = input.kind ?? detectKind({ bytes, mediaType, fileName })
  const most = kind === 'pdf' || kind === 'docx' ? limits.maxFileBytes : limits.maxTextBytes
  if (bytes.length > most)
    throw new ExtractError('too_large', `The file is larger than ${Math.floor(most / 1024 / 1024)} MB.`)
  const document =
    bytes.length > inlineBytes(kind)
      ? await extractInThread({ kind, bytes, mediaType, limits })
      : await extractByKind(kind, bytes, mediaType, limits).catch(toExtractError)
  if (!/[\p{L}\p{N}]/u.test(document.text)) throw new ExtractError('empty', 'The file contains no text.')
  if (document.text.length > limits.maxTextBytes)
    throw new ExtractError('too_large', 'The file holds more text than is read from one file.')
  return document
}

const toExtractError = (error: unknown): never => {
  if (error instanceof ExtractError) throw error
  throw new ExtractError('unreadable', 'The file could not be read.', error)
}
