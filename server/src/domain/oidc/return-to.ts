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

type Wanted = { return_to?: string | undefined; code_challenge?: string | undefined }

/**
 * Where a sign-in may lead: a URL or path of this server, or one that the workspace allows to the letter; null where it is
 * to lead nowhere. Throws BAD_REQUEST for any other, and for another site without a challenge: there no cookie of ours can
 * tell the browser that signed in from others.
 */
export const readReturnTo = (
  { return_to: wanted, code_challenge: challenge }: Wanted,
  { publicUrl, allowed }: { publicUrl: string; allowed: readonly string[] },
): string | null => {
  if (wanted === undefined) return null
  const url = URL.canParse(wanted, publicUrl) ? new URL(wanted, publicUrl) : undefined
  if (url && isOf(publicUrl, url)) return allowed.includes(wanted) ? wanted : url.href
  if (!allowed.includes(wanted))
    throw new AppError('BAD_REQUEST', 'A sign-in leads to this server, or to one of the allowed return URLs.', {
      param: 'return_to',
    })
  if (challenge === undefined) throw needsChallenge()
  return wanted
}

/** The place with what it is told in the query. */
export const returnUrl = (returnTo: string, told: Record<string, string>): string => {
  const url = new URL(returnTo)
  for (const [name, value] of Object.entries(told)) url.searchParams.set(name, value)
  return url.href
}
