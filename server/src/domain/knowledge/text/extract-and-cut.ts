import { type Chunk, chunkDocument } from './chunk.ts'
import type { TextKind } from './detect-kind.ts'
import { extractByKind } from './extract-by-kind.ts'
import { ExtractError } from './extract-error.ts'
import type { ExtractLimits } from './extract-limits.ts'
import type { ExtractedDocument } from './extracted-document.ts'

/** `title` is what a text without a title of its own is called. */
export type CutInput = {
  kind: TextKind
  bytes: Uint8Array
  mediaType: string | null
  title: string | null
  limits: ExtractLimits
}

export type CutDocument = ExtractedDocument & { chunks: Chunk[] }

/** All of the work on one text that grows with it: reading, checking, cutting. Throws `ExtractError`, nothing else. */
export const extractAndCut = async (input: CutInput): Promise<CutDocument> => {
  try {
    return await readAndCut(input)
  } catch (error) {
    if (error instanceof ExtractError) throw error
    throw new ExtractError('unreadable', 'The file could not be read.', error)
  }
}

const readAndCut = async ({ kind, bytes, mediaType, title, limits }: CutInput): Promise<CutDocument> => {
  const extracted = await extractByKind(kind, bytes, mediaType, limits)
  if (extracted.text.length > limits.maxTextBytes)
    throw new ExtractError('too_large', 'The file holds more text than is read from one file.')
  if (!/[\p{L}\p{N}]/u.test(extracted.text)) throw new ExtractError('empty', 'The file contains no text.')
  const document = { ...extracted, title: extracted.title ?? title }
  return { ...document, chunks: chunkDocument(document, limits.maxChunks) }
}
