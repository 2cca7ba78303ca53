import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { openSession, type SignedIn, type TokenFormat } from '../sessions/index.ts'
import { hashSecretToken } from '../users/index.ts'
import { challengeOf } from './issue-code.ts'
import { getSignInPlace } from './queries.ts'

type Input = {
  code: string
  /** From the client, or from the cookie of the browser. */
  verifier: string | undefined
  address: string | undefined
  userAgent: string | undefined
  requestId: string
}

const refused = () =>
  new AppError(
    'UNAUTHORIZED',
    'The code is unknown, used, older than a minute, or of a sign-in that another browser or client began. Sign in again.',
  )

/**
 * Swaps the code that a sign-in led home with for tokens, once, within a minute, for whoever began it: a code that somebody
 * else brings is refused and not used up. Throws UNAUTHORIZED.
 */
// scope: the code is the right to do this.
// no event: how a person signs in is theirs, not the workspace's.
export const exchangeCode = async (
  { code, verifier, address, userAgent, requestId }: Input,
  { system, clock, tokens }: { system: Db; clock: Clock; tokens: TokenFormat },
): Promise<z.infer<typeof SignedIn>> => {
  const now = clock.now()
  if (verifier === undefined) throw refused()
  const row = await system
    .deleteFrom('oidc_codes')
    .where('hash', '=', hashSecretToken(code))
    .where('challenge', '=', challengeOf(verifier))
    .returning(['workspace_id', 'user_id', 'expires_at'])
    .executeTakeFirst()
  if (!row || row.expires_at <= now) throw refused()
  const { workspaceId, homeId, planId } = await getSignInPlace(system, row.workspace_id)
  return transaction(system, async (tx) => {
    const account = await tx
      .selectFrom('members as m')
      .innerJoin('users as u', 'u.id', 'm.user_id')
      .select(['u.id', 'u.email', 'u.name'])
      .where('m.workspace_id', '=', homeId)
      .where('m.user_id', '=', row.user_id)
      .executeTakeFirst()
    if (!account) throw refused()
    const session = { workspaceId, planId, account, address, userAgent, by: 'oidc', requestId, now } as const
    return openSession(tx, session, { tokens })
  })
}
