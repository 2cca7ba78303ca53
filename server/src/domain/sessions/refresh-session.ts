import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { hashSecretToken } from '../users/index.ts'
import type { SignedIn } from './contract.ts'
import { findSession } from './find-session.ts'
import { issueTokens, sessionEnd } from './issue-tokens.ts'
import type { TokenFormat } from './token-format.ts'

/** What is shown for a new pair: the refresh token, or a token that is still valid. */
export type Shown = { refreshToken: string } | { token: string }

type Outside = {
  system: Db
  tokens: TokenFormat
  clock: Clock
  requestId: string
  forgetSession: (sessionId: string) => void
}

const refused = () => new AppError('UNAUTHORIZED', 'The token is invalid, used or expired. Sign in again.')

const sessionOf = async (shown: Shown, { system, tokens, clock }: Outside): Promise<string | undefined> => {
  if ('token' in shown) return tokens.verify(shown.token, clock.now())?.sessionId
  const row = await system
    .selectFrom('refresh_tokens')
    .select('session_id')
    .where('hash', '=', hashSecretToken(shown.refreshToken))
    .executeTakeFirst()
  return row?.session_id
}

/** Marks what is shown as used, and with a token whatever refresh token there still was. False for one used before. */
const useUp = async (tx: Db, sessionId: string, shown: Shown, now: Date): Promise<boolean> => {
  let unused = tx
    .updateTable('refresh_tokens')
    .set({ used_at: now })
    .where('session_id', '=', sessionId)
    .where('used_at', 'is', null)
  if ('refreshToken' in shown) unused = unused.where('hash', '=', hashSecretToken(shown.refreshToken))
  const { numUpdatedRows } = await unused.executeTakeFirst()
  return 'token' in shown || numUpdatedRows > 0n
}

// The lock puts refreshes of one session in a row, so that of two with one token the second is seen as what it is.
const lockSession = (tx: Db, sessionId: string) =>
  tx
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .select(['u.id', 'u.email', 'u.name'])
    .where('s.id', '=', sessionId)
    .forUpdate('s')
    .executeTakeFirst()

/**
 * Gives a session its next pair of tokens. A refresh token that was used before has been copied by somebody: it ends the
 * session, whoever shows it. Throws UNAUTHORIZED.
 */
// scope: what is shown is the right to do this.
// no event: how a person signs in is theirs, not the workspace's.
export const refreshSession = async (shown: Shown, outside: Outside): Promise<z.infer<typeof SignedIn>> => {
  const { system, clock, requestId, forgetSession } = outside
  const now = clock.now()
  const sessionId = await sessionOf(shown, outside)
  if (sessionId === undefined) throw refused()
  const made = await transaction(system, async (tx) => {
    const account = await lockSession(tx, sessionId)
    const holder = account && (await findSession(tx, sessionId, now))
    if (!holder || holder.suspended) return undefined
    if (!(await useUp(tx, sessionId, shown, now))) {
      await tx.updateTable('sessions').set({ revoked_at: now }).where('id', '=', sessionId).execute()
      const actor = { type: 'system', name: 'sign-in' } as const
      await recordAudit({ workspaceId: holder.workspaceId, actor, requestId }, tx, {
        action: 'session.reuse_detected',
        target: { type: 'session', id: toWireId('session', sessionId) },
        detail: { user_id: toWireId('user', holder.userId) },
      })
      return undefined
    }
    await tx
      .updateTable('sessions')
      .set({ last_seen_at: now, expires_at: sessionEnd(now) })
      .where('id', '=', sessionId)
      .execute()
    return issueTokens(tx, { ...holder, account, now }, outside)
  })
  forgetSession(sessionId)
  if (!made) throw refused()
  return made
}
