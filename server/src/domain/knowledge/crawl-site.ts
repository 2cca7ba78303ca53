import { setTimeout as wait } from 'node:timers/promises'
import { type FetchedPage, type Fetching, fetchPage, robotName } from './fetch-page.ts'
import { isSitemapIndex, linksOf, locationsOf, pageUrl } from './page-links.ts'
import { allowAll, parseRobots, type Robots } from './robots.ts'
import { SourceError, toSourceError } from './source-error.ts'

/** One page of a site, or why it could not be had. */
export type CrawledPage = { url: string } & ({ page: FetchedPage } | { error: SourceError })

export type CrawlLimits = { maxPages: number; delayMs: number; totalMs: number }

export const crawlLimits: CrawlLimits = { maxPages: 50, delayMs: 100, totalMs: 300_000 }

const maxSitemaps = 5
const maxQueued = 2_000

type Crawling = Fetching & {
  limits: CrawlLimits
  /** Told after each page how many were read and how many are known. */
  report(done: number, total: number): Promise<void>
}

/**
 * Reads a site from its first page on: what its sitemap names, then what its pages link to on the same host, breadth
 * first, as robots.txt allows. Throws `SourceError` when the first page cannot be read.
 */
export const crawlSite = async (start: string, crawling: Crawling): Promise<CrawledPage[]> => {
  const { limits, signal, report } = crawling
  const endsAt = performance.now() + limits.totalMs
  const first = await fetchFirst(start, crawling)
  const site = new URL(first.page.url)
  const pages: CrawledPage[] = [{ url: site.href, page: first.page }]
  const seen = new Set([pageUrl(start, start)?.href, pageUrl(site.href, start)?.href])
  const queue: URL[] = []
  const add = (urls: readonly URL[]) => {
    for (const url of urls) {
      if (url.host !== site.host || seen.has(url.href) || queue.length >= maxQueued || !first.robots.allows(url))
        continue
      seen.add(url.href)
      queue.push(url)
    }
  }
  const known = () => Math.min(limits.maxPages, pages.length + queue.length)

  add(nearestFirst(await readSitemaps(site, first.robots, crawling), site))
  add(linksIn(first.page))
  await report(pages.length, known())
  while (queue.length > 0 && pages.length < limits.maxPages && performance.now() < endsAt) {
    await wait(limits.delayMs, undefined, { signal })
    const url = queue.shift()!
    const crawled = await fetchOne(url, crawling)
    if ('page' in crawled) {
      const found = pageUrl(crawled.page.url, url.href)
      const isKnown = found === undefined || (found.href !== url.href && seen.has(found.href))
      if (isKnown || found.host !== site.host) continue
      seen.add(found.href)
      add(linksIn(crawled.page))
    }
    pages.push(crawled)
    await report(pages.length, known())
  }
  return pages
}

const fetchFirst = async (start: string, fetching: Fetching): Promise<{ page: FetchedPage; robots: Robots }> => {
  const url = new URL(start)
  const robots = await readRobots(url, fetching)
  refuseUnlessAllowed(robots, url)
  const page = await fetchPage(start, fetching)
  const site = new URL(page.url)
  if (site.origin === url.origin) return { page, robots }
  const robotsThere = await readRobots(site, fetching)
  refuseUnlessAllowed(robotsThere, site)
  return { page, robots: robotsThere }
}

const refuseUnlessAllowed = (robots: Robots, url: URL): void => {
  if (!robots.allows(url))
    throw new SourceError('robots_disallowed', "The site's robots.txt does not allow this page to be read by robots.")
}

/** A site without the file allows everything; one whose file cannot be had may not want us now. */
const readRobots = async (site: URL, fetching: Fetching): Promise<Robots> => {
  try {
    const { bytes } = await fetchPage(new URL('/robots.txt', site).href, fetching)
    return parseRobots(bytes.toString('utf8'), robotName)
  } catch (error) {
    const known = toSourceError(error)
    if (known && !known.retryable && known.code !== 'address_refused') return allowAll
    throw error
  }
}

const fetchOne = async (url: URL, crawling: Crawling): Promise<CrawledPage> => {
  const attempt = () => fetchPage(url.href, crawling)
  try {
    return { url: url.href, page: await attempt().catch((error) => again(error, attempt, crawling)) }
  } catch (error) {
    const known = toSourceError(error)
    if (!known || crawling.signal.aborted) throw error
    return { url: url.href, error: known }
  }
}

// One more try a page: the pages of a site are many, and the whole source is not failed by one of them.
const again = async (
  error: unknown,
  attempt: () => Promise<FetchedPage>,
  { limits, signal }: Crawling,
): Promise<FetchedPage> => {
  if (!toSourceError(error)?.retryable || signal.aborted) throw error
  await wait(limits.delayMs * 10, undefined, { signal })
  return attempt()
}

const linksIn = ({ mediaType, bytes, url }: FetchedPage): URL[] =>
  mediaType?.includes('html') ? linksOf(bytes.toString('utf8'), url) : []

const readSitemaps = async (site: URL, robots: Robots, crawling: Crawling): Promise<URL[]> => {
  const waiting = [...new Set([...robots.sitemaps, new URL('/sitemap.xml', site).href])]
  const found: URL[] = []
  for (let read = 0; waiting.length > 0 && read < maxSitemaps; read++) {
    const url = pageUrlOfSitemap(waiting.shift()!, site)
    const xml = url && (await readSitemap(url, crawling))
    if (!xml) continue
    const locations = locationsOf(xml).slice(0, maxQueued)
    if (isSitemapIndex(xml)) waiting.push(...locations)
    else found.push(...locations.flatMap((location) => pageUrl(location, site.href) ?? []))
  }
  return found
}

const pageUrlOfSitemap = (text: string, site: URL): string | undefined =>
  URL.canParse(text, site.href) ? new URL(text, site.href).href : undefined

// A sitemap is a help, not a promise: without it the links lead on.
const readSitemap = async (url: string, crawling: Crawling): Promise<string | undefined> => {
  try {
    return (await fetchPage(url, crawling)).bytes.toString('utf8')
  } catch (error) {
    if (crawling.signal.aborted || !toSourceError(error)) throw error
    return undefined
  }
}

/** Pages below the one the crawl began at come first: that is the part of the site that was asked for. */
const nearestFirst = (urls: readonly URL[], site: URL): URL[] => {
  const folder = new URL('.', site).pathname
  return [
    ...urls.filter(({ pathname }) => pathname.startsWith(folder)),
    ...urls.filter(({ pathname }) => !pathname.startsWith(folder)),
  ]
}
