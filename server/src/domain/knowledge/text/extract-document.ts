import { detectKind, type TextKind } from './detect-kind.ts'
import { type CutDocument, extractAndCut } from './extract-and-cut.ts'
import { ExtractError } from './extract-error.ts'
import { extractInThread } from './extract-in-thread.ts'
import { type ExtractLimits, extractLimits } from './extract-limits.ts'

/**
 * `kind` settles what the bytes are; without it the bytes, the media type and the file's name decide, in this order.
 * `title` is what a text without a title of its own is called.
 */
export type ExtractInput = {
  bytes: Uint8Array
  mediaType?: string | null
  fileName?: string | null
  kind?: TextKind | null
  title?: string | null
}

// A thread costs some 100 ms, so what is small is read where it is: these kinds alone, because what they cost grows with
// their size whatever they hold (some 20 ms at most). A parser of a library, or a table that repeats its names, may take
// minutes for as much.
const inlineKinds = new Set<TextKind>(['text', 'markdown', 'qa'])
const inlineBytes = 32 * 1024

/**
 * Turns a file, page or text into the normalised text that is stored and cited, and cuts it into passages. Throws
 * `ExtractError`, nothing else.
 */
export const extractDocument = async (
  input: ExtractInput,
  limits: ExtractLimits = extractLimits,
): Promise<CutDocument> => {
  const { bytes, mediaType = null, fileName = null, title = null } = input
  if (bytes.length === 0) throw new ExtractError('empty', 'The file is empty.')
  const kind = input.kind ?? detectKind({ bytes, mediaType, fileName })
  const isFile = kind === 'pdf' || kind === 'docx'
  const most = isFile ? limits.maxFileBytes : limits.maxTextBytes
  if (bytes.length > most)
    throw new ExtractError('too_large', `The file is larger than ${Math.floor(most / 1024 / 1024)} MB.`)
  const work = { kind, bytes, mediaType, title, limits }
  if (inlineKinds.has(kind) && bytes.length <= inlineBytes) return extractAndCut(work)
  return extractInThread(work, isFile ? limits.fileTimeoutMs : limits.textTimeoutMs)
}
