import { sql } from 'kysely'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { isFirstInWindow } from '../users/index.ts'

export type FailedSignIn = {
  email: string
  /** The workspace that was asked for. */
  wanted: string | undefined
  reason: 'password' | 'code'
  address: string | undefined
  requestId: string
  now: Date
}

type Home = { user_id: string; workspace_id: string }

// Where the account would have signed in to; a workspace that is not theirs learns nothing.
const homeOf = async (tx: Db, { email, wanted }: FailedSignIn): Promise<Home | undefined> => {
  const { rows } = await sql<Home>`
    select u.id as user_id, w.id as workspace_id from users u
    join members m on m.user_id = u.id
    join workspaces w on w.id = m.workspace_id or w.sandbox_of = m.workspace_id
    where lower(u.email) = lower(trim(${email}))
    order by (w.id = ${wanted ?? null}::uuid) desc nulls last, (w.id = m.workspace_id) desc, m.created_at, w.id limit 1`.execute(
    tx,
  )
  return rows[0]
}

/**
 * Says in the audit log of a workspace that somebody failed to sign in to an account of it: once in fifteen minutes for an
 * account and a reason, so that nobody can flood the log. An account that does not exist is nobody's to tell of.
 */
// scope: nobody is signed in.
// no event: how a person signs in is theirs, not the workspace's.
export const noteFailedSignIn = (system: Db, failed: FailedSignIn): Promise<void> =>
  transaction(system, async (tx) => {
    const home = await homeOf(tx, failed)
    const { reason, address, requestId, now } = failed
    if (!home || !(await isFirstInWindow(tx, `sign_in.failed ${reason} ${home.user_id}`, now))) return
    const actor = { type: 'system', name: 'sign-in' } as const
    await recordAudit({ workspaceId: home.workspace_id, actor, requestId }, tx, {
      action: 'sign_in.failed',
      target: { type: 'user', id: toWireId('user', home.user_id) },
      detail: { reason, address: address ?? null },
    })
  })
