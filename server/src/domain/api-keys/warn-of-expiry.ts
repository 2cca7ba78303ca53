import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordEvent } from '../events/index.ts'
import { apiKeyExpiring } from './events.ts'
import { daysUntil, nextWarningAt } from './next-warning.ts'
import type { ApiKeyRow } from './present.ts'

const perStep = 100

// Another process may be at the same keys: what it holds is its own to tell of.
const takeDue = (tx: Db, now: Date): Promise<ApiKeyRow[]> =>
  tx
    .selectFrom('api_keys')
    .selectAll()
    .where('expiry_warning_at', '<=', now)
    .orderBy('expiry_warning_at')
    .limit(perStep)
    .forUpdate()
    .skipLocked()
    .execute()

const isOver = ({ revoked_at, replaced_by, expires_at }: ApiKeyRow, now: Date): boolean =>
  revoked_at !== null || replaced_by !== null || expires_at === null || expires_at <= now

const warn = async (tx: Db, row: ApiKeyRow, now: Date): Promise<void> => {
  await tx
    .updateTable('api_keys')
    .set({ expiry_warning_at: isOver(row, now) ? null : nextWarningAt(row.expires_at, now) })
    .where('workspace_id', '=', row.workspace_id)
    .where('id', '=', row.id)
    .execute()
  if (!row.expires_at || isOver(row, now)) return
  await recordEvent({ workspaceId: row.workspace_id }, tx, apiKeyExpiring, {
    subject: { type: 'api_key', id: row.id },
    data: {
      id: toWireId('apiKey', row.id),
      name: row.name,
      scopes: row.scopes,
      expires_at: row.expires_at.toISOString(),
      days_left: daysUntil(row.expires_at, now),
    },
  })
}

/** Tells of keys that end within seven days, and again within one. True when there may be more to tell at once. */
// scope: the server's own housekeeping, over every workspace.
export const warnOfExpiry = (system: Db, now: Date): Promise<boolean> =>
  transaction(system, async (tx) => {
    const due = await takeDue(tx, now)
    for (const row of due) await warn(tx, row, now)
    return due.length === perStep
  })
