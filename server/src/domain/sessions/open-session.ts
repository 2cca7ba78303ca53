import type { z } from 'zod'
import { newId, toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { recordAudit } from '../audit-logs/index.ts'
import type { Account } from '../users/index.ts'
import type { SignedIn } from './contract.ts'
import { issueTokens, sessionEnd } from './issue-tokens.ts'
import type { TokenFormat } from './token-format.ts'

const maxUserAgent = 300

/** Whom a session is for, where they act, and where they came from. */
export type NewSession = {
  workspaceId: string
  planId: string
  account: Pick<Account, 'id' | 'email' | 'name'>
  address: string | undefined
  userAgent: string | undefined
  /** What they showed, and in which request. */
  by: 'password' | 'oidc'
  requestId: string
  now: Date
}

/** Begins a session of somebody who has just shown who they are, and gives it its first tokens. */
export const openSession = async (
  tx: Db,
  { address, userAgent, by, requestId, ...holder }: NewSession,
  outside: { tokens: TokenFormat },
): Promise<z.infer<typeof SignedIn>> => {
  const { workspaceId, account, now } = holder
  const sessionId = newId()
  await tx
    .insertInto('sessions')
    .values({
      id: sessionId,
      user_id: account.id,
      workspace_id: workspaceId,
      opened_by: by,
      address: address ?? null,
      user_agent: userAgent?.slice(0, maxUserAgent) ?? null,
      created_at: now,
      last_seen_at: now,
      expires_at: sessionEnd(now),
      revoked_at: null,
    })
    .execute()
  const actor = { type: 'user', id: account.id, sessionId, scopes: new Set<string>() } as const
  await recordAudit({ workspaceId, actor, requestId }, tx, {
    action: 'session.created',
    target: { type: 'session', id: toWireId('session', sessionId) },
    detail: { by, address: address ?? null },
  })
  return issueTokens(tx, { sessionId, ...holder }, outside)
}
