import { AppError } from '../../base/errors.ts'

/**
 * Where a sign-in may lead: a URL or path of this server, or one that the workspace allows to the letter. Throws
 * BAD_REQUEST for any other, before the browser goes anywhere.
 */
export const readReturnTo = (
  wanted: string,
  { publicUrl, allowed }: { publicUrl: string; allowed: readonly string[] },
): string => {
  if (allowed.includes(wanted)) return wanted
  const home = new URL(publicUrl)
  const url = URL.canParse(wanted, home.href) ? new URL(wanted, home) : undefined
  // The host alone says little: `blob:` addresses have the origin of the page that made them.
  const isHome = url?.protocol === home.protocol && url.host === home.host
  if (isHome && url.username === '' && url.password === '') return url.href
  throw new AppError('BAD_REQUEST', 'A sign-in leads to this server, or to one of the allowed return URLs.', {
    param: 'return_to',
  })
}

/** The place with what it is told in the query. */
export const returnUrl = (returnTo: string, told: Record<string, string>): string => {
  const url = new URL(returnTo)
  for (const [name, value] of Object.entries(told)) url.searchParams.set(name, value)
  return url.href
}
