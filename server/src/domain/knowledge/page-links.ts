// Files that hold no text to answer from.
const notText =
  /\.(?:png|jpe?g|gif|svg|webp|avif|ico|bmp|css|m?js|map|json|xml|rss|atom|zip|gz|tgz|tar|7z|rar|exe|dmg|apk|mp[34]|m4[av]|mov|avi|webm|og[gv]|wav|woff2?|ttf|otf|eot)$/i

const longestUrl = 2_048

const anchor = /<a\s[^<>]{0,2000}?\bhref\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))/gi

/** An address as pages are told apart by: absolute, without fragment; undefined when it is not worth fetching. */
export const pageUrl = (text: string, base: string): URL | undefined => {
  if (text.length > longestUrl || !URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  url.hash = ''
  const isPage = (url.protocol === 'https:' || url.protocol === 'http:') && !notText.test(url.pathname)
  return isPage ? url : undefined
}

// Far more than a crawl follows from one page.
const maxLinks = 5_000

/** The pages that a page links to, in order: those of its first 5,000 links. */
export const linksOf = (html: string, base: string): URL[] => {
  const urls: URL[] = []
  let links = 0
  for (const [, double, single, bare] of html.matchAll(anchor)) {
    if (links++ >= maxLinks) break
    const url = pageUrl((double ?? single ?? bare ?? '').trim().replaceAll('&amp;', '&'), base)
    if (url) urls.push(url)
  }
  return urls
}

/** The addresses in a sitemap, or of the sitemaps in an index of them. */
export const locationsOf = (xml: string): string[] =>
  xml
    .split(/<loc>/i)
    .slice(1)
    .map(
      (part) =>
        part
          .slice(0, longestUrl + 20)
          .replace('<![CDATA[', '')
          .split(/<|\]\]>/, 1)[0]!,
    )
    .map((location) => location.trim().replaceAll('&amp;', '&'))

export const isSitemapIndex = (xml: string): boolean => /<sitemapindex[\s>]/i.test(xml.slice(0, 2_000))
