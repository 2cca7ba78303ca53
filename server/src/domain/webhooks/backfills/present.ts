import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { timeOfId, toWireId } from '../../../base/ids.ts'
import type { Tables } from '../../../database/tables.ts'
import type { Backfill } from './contract.ts'

export type BackfillRow = Selectable<Tables['backfills']>

const progressOf = ({ from_time, to_time, cursor, status }: BackfillRow): number => {
  if (status === 'completed') return 1
  if (cursor === null) return 0
  const share = (timeOfId(cursor).getTime() - from_time.getTime()) / (to_time.getTime() - from_time.getTime())
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000
}

export const presentBackfill = (row: BackfillRow): z.infer<typeof Backfill> => ({
  id: toWireId('backfill', row.id),
  webhook_id: toWireId('webhook', row.webhook_id),
  status: row.status,
  mode: row.mode,
  from: row.from_time.toISOString(),
  to: row.to_time.toISOString(),
  types: row.types,
  estimated: Number(row.estimated),
  enqueued: Number(row.enqueued),
  delivered: Number(row.delivered),
  failed: Number(row.failed),
  canceled: Number(row.canceled),
  progress: progressOf(row),
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
})
