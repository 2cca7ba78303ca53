type Cookie = { host: string; path: string; name: string; value: string }

/** Where following redirects ended: at a page of the site, or at an address outside it that was not asked. */
export type Arrival = { url: string; page?: string }

export type Browser = {
  /** One request with the cookies of its host; redirects are not followed. */
  visit: (url: string, init?: RequestInit) => Promise<Response>
  /** Follows redirects as long as they stay below `site`. */
  follow: (url: string, site: string, init?: RequestInit) => Promise<Arrival>
}

const readCookie = (line: string, url: URL): Cookie & { gone: boolean } => {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  const attribute = (name: string) =>
    attributes.find((text) => text.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
  const expires = attribute('expires')
  const gone = attribute('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now())
  const path = attribute('path') ?? '/'
  return { host: url.hostname, path, name: pair.slice(0, at), value: pair.slice(at + 1), gone }
}

/** As much of a browser as a sign-in needs: it keeps cookies by host and path, whatever the port, as browsers do. */
export const createBrowser = (): Browser => {
  let jar: Cookie[] = []

  const keep = (line: string, url: URL): void => {
    const { gone, ...cookie } = readCookie(line, url)
    jar = jar.filter(({ host, path, name }) => host !== cookie.host || path !== cookie.path || name !== cookie.name)
    if (!gone) jar.push(cookie)
  }

  const cookiesFor = (url: URL): string =>
    jar
      .filter(({ host, path }) => host === url.hostname && url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')

  const visit: Browser['visit'] = async (text, init = {}) => {
    const url = new URL(text)
    const headers = new Headers(init.headers)
    const cookies = cookiesFor(url)
    if (cookies !== '') headers.set('cookie', cookies)
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(line, url)
    return response
  }

  const follow: Browser['follow'] = async (url, site, init) => {
    const response = await visit(url, init)
    const location = response.headers.get('location')
    if (location === null) return { url, page: await response.text() }
    await response.body?.cancel()
    const next = new URL(location, url).href
    return next.startsWith(`${site}/`) ? follow(next, site) : { url: next }
  }

  return { visit, follow }
}
