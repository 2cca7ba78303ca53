import type { AddressPolicy } from '../../base/address.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import { SourceError, statusError, toSourceError } from './source-error.ts'

/** A page as it came. `url` is where it was found after redirects. */
export type FetchedPage = { url: string; mediaType: string | null; bytes: Buffer }

export type Fetching = { safeHttp: SafeHttp; policy: AddressPolicy; signal: AbortSignal }

const maxBytes = 10 * 1024 * 1024
const deadlineMs = 30_000
const maxRedirects = 5

/** How this server names itself to those it reads from; `robots.txt` can address it as `parley`. */
export const robotName = 'parley'

const headers = {
  'user-agent': 'Parley/1.0 (knowledge ingestion)',
  accept: 'text/html, text/markdown, text/plain, application/pdf;q=0.9, */*;q=0.5',
  'accept-encoding': 'identity',
}

/** Gets a page. Throws `SourceError` with what to tell the person who named it. */
export const fetchPage = async (url: string, { safeHttp, policy, signal }: Fetching): Promise<FetchedPage> => {
  const request = { url, method: 'GET', headers, policy, signal, deadlineMs, maxRedirects, maxBodyBytes: maxBytes }
  const response = await safeHttp.send(request).catch((error) => {
    throw toSourceError(error) ?? error
  })
  if (response.status < 200 || response.status > 299) throw statusError(response.status)
  if (response.truncated) throw new SourceError('too_large', 'The page is larger than 10 MB.')
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw new SourceError('unsupported_type', 'The page comes compressed although it was asked for plain.')
  if (response.body.length === 0) throw new SourceError('empty', 'The page is empty.')
  return { url: response.url, mediaType: response.headers['content-type'] ?? null, bytes: response.body }
}
