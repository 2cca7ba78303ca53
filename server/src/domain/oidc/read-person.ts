import { type Configuration, fetchUserInfo, type IDToken, type UserInfoResponse } from 'openid-client'
import { AppError } from '../../base/errors.ts'
import { emailInput, normalEmail } from '../users/index.ts'

/** Somebody as their provider knows them; `email` only where the provider says that it has checked it. */
export type Person = { subject: string; email: string | null; name: string }

type Claims = IDToken | UserInfoResponse

const maxName = 200

// PostgreSQL stores no U+0000, and none of the others belongs into a name.
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ').trim()

const verifiedEmail = ({ email, email_verified: verified }: Claims): string | null => {
  if (verified !== true) return null
  const { data } = emailInput.safeParse(email)
  return data === undefined || plain(data) !== data ? null : normalEmail(data)
}

const nameOf = (claims: Claims, email: string | null): string => {
  const named = [claims.name, claims.preferred_username, email?.split('@')[0]]
    .map((text) => (typeof text === 'string' ? plain(text) : ''))
    .find((text) => text !== '')
  return (named ?? 'Unnamed').slice(0, maxName)
}

const readSubject = (subject: string): string => {
  // OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
  if (/^[\x20-\x7e]{1,255}$/.test(subject)) return subject
  throw new AppError('UNAUTHORIZED', 'The provider names you in a way that cannot be right.')
}

/** Reads the id token, and asks the provider for what is not in it: many leave the e-mail address out. */
export const readPerson = async (
  provider: Configuration,
  { claims, accessToken }: { claims: IDToken; accessToken: string },
): Promise<Person> => {
  const subject = readSubject(claims.sub)
  const asksMore = claims.email === undefined && provider.serverMetadata().userinfo_endpoint !== undefined
  const all: Claims = asksMore ? { ...claims, ...(await fetchUserInfo(provider, accessToken, subject)) } : claims
  const email = verifiedEmail(all)
  return { subject, email, name: nameOf(all, email) }
}
