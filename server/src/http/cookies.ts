/** The value of a cookie that the browser sent; undefined when it sent none of that name. */
export const readCookie = (header: string | undefined, name: string): string | undefined => {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** The names of cookies that begin so, for which there is no place in `most` bytes: browsers send those first that are oldest. */
export const crowdedOut = (header: string | undefined, prefix: string, most: number): string[] => {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim())
  const crowded: string[] = []
  let bytes = 0
  for (const pair of pairs.toReversed()) {
    const at = pair.indexOf('=')
    if (at < 0 || !pair.startsWith(prefix)) continue
    bytes += pair.length
    if (bytes > most) crowded.push(pair.slice(0, at))
  }
  return crowded
}

/** What a cookie is called: over https a name that only this very host can have set, and that is never sent in the clear. */
export const cookieName = (name: string, publicUrl: string): string =>
  publicUrl.startsWith('https:') ? `__Host-${name}` : name

/** A cookie that no script reads and that comes along when a link of another site leads here; 0 seconds forget it. */
export const setCookie = (name: string, value: string, seconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${name.startsWith('__Host-') ? '; Secure' : ''}`
