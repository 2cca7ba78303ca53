import { createHash } from 'node:crypto'
import type { Db } from '../../database/open.ts'
import { type Account, hashSecretToken, newSecretToken } from '../users/index.ts'
import type { BegunSignIn } from './sealed-sign-in.ts'

/** Seconds that the page which a sign-in leads to may take to exchange its code. */
export const codeSeconds = 60

/** What is stored of the text that buys a code's tokens: `S256` of RFC 7636. */
export const challengeOf = (verifier: string): Buffer => createHash('sha256').update(verifier).digest()

/** Of a state or of a code that was issued for it: which of its sign-ins a browser means. */
export const markOf = (text: string): string => /^(?:code_)?([\w-]{16})/.exec(text)?.[1] ?? ''

type Issued = {
  workspaceId: string
  account: Pick<Account, 'id'>
  state: string
  started: Pick<BegunSignIn, 'challenge'>
  now: Date
}

/**
 * Makes a code for the tokens of somebody who has signed in, good for a minute and for whoever began: a client that keeps
 * the verifier of its challenge, or else the browser that is given `proof`.
 */
// scope: nobody has a session yet. no event: how a person signs in is theirs, not the workspace's.
export const issueCode = async (
  tx: Db,
  { workspaceId, account, state, started, now }: Issued,
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
      expires_at: new Date(now.getTime() + codeSeconds * 1_000),
    })
    .execute()
  return { code, proof }
}
