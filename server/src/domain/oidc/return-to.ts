import { AppError } from '../../base/errors.ts'

const isOf = (publicUrl: string, url: URL): boolean => {
  const home = new URL(publicUrl)
  // The host alone says little: `blob:` addresses have the origin of the page that made them.
  return url.protocol === home.protocol && url.host === home.host && url.username === '' && url.password === ''
}

const needsChallenge = () =>
  new AppError(
    'BAD_REQUEST',
    'A sign-in that leads to another site needs a code_challenge: without it the code would be good for whoever gets it.',
    { param: 'code_challenge' },
  )

const refusesChallenge = () =>
  new AppError(
    'BAD_REQUEST',
    'A code_challenge is for one of the allowed return URLs: elsewhere on this server the browser itself holds what the code is bought with.',
    { param: 'code_challenge' },
  )

type Wanted = { return_to?: string | undefined; code_challenge?: string | undefined }

/**
 * Where a sign-in may lead: one of the URLs that the workspace allows, to the letter, or a URL or path of this server; null
 * where it is to lead nowhere. Throws BAD_REQUEST for any other; for another site without a challenge, as there no cookie of
 * ours can tell the browser that signed in from others; and for a place of this server that nobody has named with one: it may
 * be a callback, which tells the code to the provider of a stranger, and the challenge may be theirs too.
 */
export const readReturnTo = (
  { return_to: wanted, code_challenge: challenge }: Wanted,
  { publicUrl, allowed }: { publicUrl: string; allowed: readonly string[] },
): string | null => {
  if (wanted === undefined) return null
  const url = URL.canParse(wanted, publicUrl) ? new URL(wanted, publicUrl) : undefined
  const isHere = url !== undefined && isOf(publicUrl, url)
  if (allowed.includes(wanted)) {
    if (!isHere && challenge === undefined) throw needsChallenge()
    return wanted
  }
  if (!isHere)
    throw new AppError('BAD_REQUEST', 'A sign-in leads to this server, or to one of the allowed return URLs.', {
      param: 'return_to',
    })
  if (challenge !== undefined) throw refusesChallenge()
  return url.href
}

/** The place with what it is told in the query. */
export const returnUrl = (returnTo: string, told: Record<string, string>): string => {
  const url = new URL(returnTo)
  for (const [name, value] of Object.entries(told)) url.searchParams.set(name, value)
  return url.href
}
