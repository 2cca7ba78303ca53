import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordEvent } from '../events/index.ts'
import type { LimitName } from './contract.ts'
import { usageLimitReached } from './events.ts'

export type ReachedLimit = {
  workspaceId: string
  limit: LimitName
  used: number
  limitValue: number
  /** The same moment for everybody who counts this period: its row is what makes the event happen once. */
  periodStart: Date
  resetsAt: Date
  now: Date
}

/**
 * Records `usage.limit_reached`, once for each workspace, limit, period and value of the limit, whoever calls and however
 * many at once. Joins the transaction that `db` is, or opens its own: a refusal has to call it after its own was undone.
 * Returns whether this call was the one.
 */
// scope: whoever was refused need not be allowed to read about it.
export const noteLimitReached = async (db: Db, reached: ReachedLimit): Promise<boolean> =>
  transaction(db, async (tx) => {
    const { workspaceId, limit, used, limitValue, periodStart, resetsAt, now } = reached
    const { rows } = await sql`
      insert into limits_reached (workspace_id, limit_name, period_start, limit_value, created_at)
      values (${workspaceId}, ${limit}, ${periodStart}, ${limitValue}, ${now})
      on conflict do nothing returning 1`.execute(tx)
    if (rows.length === 0) return false
    await recordEvent({ workspaceId }, tx, usageLimitReached, {
      subject: { type: 'workspace', id: workspaceId },
      data: {
        limit,
        used,
        limit_value: limitValue,
        period_start: periodStart.toISOString(),
        resets_at: resetsAt.toISOString(),
      },
    })
    return true
  })
