import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { type Account, hashSecretToken, newSecretToken } from '../users/index.ts'
import type { SignedIn } from './contract.ts'
import type { TokenFormat } from './token-format.ts'

const tokenMs = 24 * 3_600_000
const sessionMs = 30 * 86_400_000

/** When a session ends that is used now and then no more. */
export const sessionEnd = (now: Date): Date => new Date(now.getTime() + sessionMs)

type Holder = {
  sessionId: string
  workspaceId: string
  planId: string
  account: Pick<Account, 'id' | 'email' | 'name'>
  now: Date
}

/** Gives a session its next pair of tokens: one to call with, one to buy the next pair. */
export const issueTokens = async (
  tx: Db,
  { sessionId, workspaceId, planId, account, now }: Holder,
  { tokens }: { tokens: TokenFormat },
): Promise<z.infer<typeof SignedIn>> => {
  const refreshToken = newSecretToken('refresh')
  await tx
    .insertInto('refresh_tokens')
    .values({ hash: hashSecretToken(refreshToken), session_id: sessionId, used_at: null, created_at: now })
    .execute()
  // Tokens count whole seconds.
  const expiresAt = new Date(Math.floor((now.getTime() + tokenMs) / 1_000) * 1_000)
  return {
    token: tokens.sign({ userId: account.id, sessionId, workspaceId, issuedAt: now, expiresAt }),
    expires_at: expiresAt.toISOString(),
    refresh_token: refreshToken,
    user: { id: toWireId('user', account.id), email: account.email, name: account.name, plan: planId },
  }
}
