/**
 * `offset` points at the first character of the heading's line; `level` is 1 to 6.
 * `standalone` marks an entry people look up by itself (a question, an operation): it is never chunked together with its
 * neighbours.
 */
export type Heading = { offset: number; level: number; text: string; standalone?: true }

/**
 * What every source becomes. `text` is stored as it is (see `normaliseText`); every offset, here and in chunks, counts
 * UTF-16 code units into it, so `text.slice(start, end)` is the cited passage. Headings are sorted by offset.
 */
export type ExtractedDocument = { title: string | null; text: string; headings: Heading[] }
