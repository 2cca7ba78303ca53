import { createHash } from 'node:crypto'
import type { Db } from '../../database/open.ts'
import { type Account, hashSecretToken, newSecretToken } from '../users/index.ts'
import type { BegunSignIn } from './sealed-sign-in.ts'

// As long as the page which a sign-in leads to needs to exchange its code.
const codeSeconds = 60
// For a person who looks for a password.
const linkSeconds = 600

/** What is stored of the text that buys a code's tokens: `S256` of RFC 7636. */
export const challengeOf = (verifier: string): Buffer => createHash('sha256').update(verifier).digest()

/** Of a state or of a code that was issued for it: which of its sign-ins a browser means. */
export const markOf = (text: string): string => /^(?:code_)?([\w-]{16})/.exec(text)?.[1] ?? ''

type Issued = {
  workspaceId: string
  account: Pick<Account, 'id'>
  /** Who they are at the provider, where the password of the account is needed to note that. */
  link: { issuer: string; subject: string } | null
  state: string
  started: Pick<BegunSignIn, 'challenge'>
  now: Date
}

/**
 * Makes a code for the tokens of somebody who has signed in, good for a minute (ten where they are to show a password) and
 * for whoever began: a client that keeps the verifier of its challenge, or else the browser that is given `proof`.
 */
// scope: nobody has a session yet. no event: how a person signs in is theirs, not the workspace's.
export const issueCode = async (
  tx: Db,
  { workspaceId, account, link, state, started, now }: Issued,
): Promise<{ code: string; proof: string | null }> => {
  const code = newSecretToken(`code_${markOf(state)}`)
  const proof = started.challenge === null ? newSecretToken('browser') : null
  await tx
    .insertInto('oidc_codes')
    .values({
      hash: hashSecretToken(code),
      challenge: proof === null ? Buffer.from(started.challenge!, 'base64url') : challengeOf(proof),
      workspace_id: workspaceId,
      user_id: account.id,
      issuer: link?.issuer ?? null,
      subject: link?.subject ?? null,
      expires_at: new Date(now.getTime() + (link ? linkSeconds : codeSeconds) * 1_000),
    })
    .execute()
  return { code, proof }
}
