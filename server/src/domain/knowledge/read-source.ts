import { type CrawlLimits, crawlSite } from './crawl-site.ts'
import { type FetchedPage, type Fetching, fetchPage } from './fetch-page.ts'
import type { SourceRow } from './present.ts'
import { searchConfigOf } from './search-terms.ts'
import { SourceError, toSourceError } from './source-error.ts'
import type { Upload } from './source-input.ts'
import { contentHash } from './text/content-hash.ts'
import type { TextKind } from './text/detect-kind.ts'
import type { CutDocument } from './text/extract-and-cut.ts'
import { extractDocument } from './text/extract-document.ts'
import { extractLimits } from './text/extract-limits.ts'

/** A passage that was read; `contentHash` is the same for the same words under the same titles. */
export type ReadChunk = { titlePath: string[]; text: string; start: number; end: number; contentHash: string }

/** One text of a source, cut into passages; with `error`, a page that could not be read. */
export type ReadDocument = {
  title: string | null
  url: string | null
  text: string
  error: string | null
  chunks: ReadChunk[]
}

/** All of a source as it is now. An equal `contentHash` means that nothing needs to be written. */
export type ReadSource = { documents: ReadDocument[]; contentHash: string }

export type Reading = Fetching & {
  crawl: CrawlLimits
  report(done: number, total: number): Promise<void>
}

// Changed when the same text would be cut or indexed in another way, so that the next ingest writes it anew.
const indexVersion = 1

/** Fetches, extracts and cuts a source. Throws `SourceError`. */
export const readSource = async (source: SourceRow, upload: Upload | null, reading: Reading): Promise<ReadSource> => {
  const documents = await readDocuments(source, upload, reading).catch((error) => {
    throw toSourceError(error) ?? error
  })
  const chunks = documents.reduce((sum, document) => sum + document.chunks.length, 0)
  if (chunks > extractLimits.maxChunks)
    throw new SourceError(
      'too_large',
      `The source holds more text than one source may: ${chunks} passages, of at most ${extractLimits.maxChunks}. Split it.`,
    )
  const parts = documents.map(({ title, url, text, error }) => [title, url, text, error])
  return { documents, contentHash: contentHash(JSON.stringify([indexVersion, searchConfigOf(source.language), parts])) }
}

const readDocuments = async (source: SourceRow, upload: Upload | null, reading: Reading): Promise<ReadDocument[]> => {
  if (source.type === 'crawl') return readSite(source, reading)
  if (source.url !== null) return [await readPage(source, await fetchPage(source.url, reading))]
  if (!upload) throw new SourceError('empty', 'The source has no content.')
  const document = await extractDocument({ ...upload, kind: kindOf(source, upload), title: source.name })
  return [toDocument(document, null)]
}

// Pasted text is plain unless it has headings; what else it looks like is part of the text.
const kindOf = ({ type }: SourceRow, { bytes }: Upload): TextKind | null => {
  if (type === 'qa' || type === 'openapi') return type
  if (type !== 'text') return null
  return /^#{1,6} \S/m.test(bytes.toString('utf8')) ? 'markdown' : 'text'
}

const readPage = async ({ type, name }: SourceRow, page: FetchedPage): Promise<ReadDocument> =>
  toDocument(await extractPage(page, type === 'openapi' ? 'openapi' : null, name), page.url)

const extractPage = async (
  { url, mediaType, bytes }: FetchedPage,
  kind: TextKind | null,
  title: string,
): Promise<CutDocument> => {
  const fileName = new URL(url).pathname.split('/').at(-1) || null
  try {
    return await extractDocument({ bytes, mediaType, fileName, kind, title })
  } catch (error) {
    const known = toSourceError(error)
    throw known?.code === 'empty' ? new SourceError('empty', 'The page is empty.', { cause: error }) : error
  }
}

const toDocument = ({ title, text, chunks }: CutDocument, url: string | null): ReadDocument => ({
  title,
  url,
  text,
  error: null,
  chunks: chunks.map(({ ordinal: _, ...chunk }) => ({
    ...chunk,
    contentHash: contentHash(`${chunk.titlePath.join('\n')}\n\n${chunk.text}`),
  })),
})

const readSite = async (source: SourceRow, reading: Reading): Promise<ReadDocument[]> => {
  const pages = await crawlSite(source.url!, { ...reading, limits: reading.crawl })
  const documents: ReadDocument[] = []
  const texts = new Set<string>()
  for (const crawled of pages) {
    const document =
      'page' in crawled ? await readCrawled(source, crawled.page) : failedPage(crawled.url, crawled.error)
    // The same page is often there under several addresses.
    if (document.error === null && texts.has(document.text)) continue
    texts.add(document.text)
    documents.push(document)
  }
  if (documents.every(({ error }) => error !== null))
    throw new SourceError('no_pages', `No page could be read. ${documents[0]?.error ?? ''}`.trim())
  return documents
}

const readCrawled = async (source: SourceRow, page: FetchedPage): Promise<ReadDocument> => {
  try {
    return await readPage(source, page)
  } catch (error) {
    const known = toSourceError(error)
    if (!known) throw error
    return failedPage(page.url, known)
  }
}

const failedPage = (url: string, { message }: SourceError): ReadDocument => ({
  title: null,
  url,
  text: '',
  error: message,
  chunks: [],
})
