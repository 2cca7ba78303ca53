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
  /** Wall time of a kind that runs in its own thread. */
  timeoutMs: number
}

export const extractLimits: ExtractLimits = {
  maxTextBytes: 20 * 1024 * 1024,
  maxFileBytes: 100 * 1024 * 1024,
  maxUnpackedBytes: 200 * 1024 * 1024,
  maxZipEntries: 5_000,
  maxPdfPages: 3_000,
  timeoutMs: 60_000,
}
