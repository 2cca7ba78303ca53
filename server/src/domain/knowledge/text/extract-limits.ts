/** What one file may cost. Sizes are bytes of input, or characters where the name says so. */
export type ExtractLimits = {
  /** A text file, or the text that came out of any other. */
  maxTextBytes: number
  /** A PDF or Word file, most of which may be pictures. */
  maxFileBytes: number
  /** What a zip may unpack to, all entries together. */
  maxUnpackedBytes: number
  maxZipEntries: number
  maxPdfPages: number
  /** Passages one text may be cut into. 5,000 are about a thousand pages: what is written in one short transaction. */
  maxChunks: number
  /** Wall time of what runs in its own thread: a text, or a PDF or Word file. */
  textTimeoutMs: number
  fileTimeoutMs: number
}

export const extractLimits: ExtractLimits = {
  maxTextBytes: 20 * 1024 * 1024,
  maxFileBytes: 100 * 1024 * 1024,
  maxUnpackedBytes: 200 * 1024 * 1024,
  maxZipEntries: 5_000,
  maxPdfPages: 3_000,
  maxChunks: 5_000,
  textTimeoutMs: 20_000,
  fileTimeoutMs: 60_000,
}
