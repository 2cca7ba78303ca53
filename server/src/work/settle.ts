import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { DatabaseUnavailableError } from '../database/connection.ts'
import type { Db } from '../database/open.ts'
import { transaction } from '../database/transaction.ts'
import type { Again, Finished, WorkItem, WorkKind } from './work-kind.ts'

const laneName = (item: { workspaceId: string; kind: string; key: string }) =>
  `${item.workspaceId} ${item.kind} ${item.key}`

type Lane = { workspace_id: string; kind: string; key: string; epoch: number }

// Shared locks keep a thief's lease waiting until the outcome is in, without stopping other settlers of the same lane.
const currentEpochs = async (tx: Db, items: WorkItem[]): Promise<Map<string, number>> => {
  const lanes = [...new Map(items.map((item) => [laneName(item), item])).values()]
  const { rows } = await sql<Lane>`
    select l.workspace_id, l.kind, l.key, l.epoch from lanes l
    join unnest(${lanes.map((l) => l.workspaceId)}::uuid[], ${lanes.map((l) => l.kind)}::text[], ${lanes.map((l) => l.key)}::uuid[])
      as h (workspace_id, kind, key) on l.workspace_id = h.workspace_id and l.kind = h.kind and l.key = h.key
    order by l.workspace_id, l.kind, l.key for share of l`.execute(tx)
  return new Map(
    rows.map((row) => [laneName({ workspaceId: row.workspace_id, kind: row.kind, key: row.key }), row.epoch]),
  )
}

// The column holds no more; what comes again that often counts for itself, if it counts at all.
const mostAttempts = 32_767

// What was taken back meanwhile, with its webhook or by whoever asked for it, does not come again.
const replaceItems = async (tx: Db, done: WorkItem[], again: Map<string, Again>): Promise<void> => {
  const { rows } = await sql<{ id: string }>`delete from work_items w
    using unnest(${done.map((item) => item.workspaceId)}::uuid[], ${done.map((item) => item.id)}::uuid[]) as d (workspace_id, id)
    where w.workspace_id = d.workspace_id and w.id = d.id returning w.id`.execute(tx)
  const found = new Set(rows.map(({ id }) => id))
  const next = done.flatMap((item) => {
    const plan = found.has(item.id) ? again.get(item.id) : undefined
    return plan ? [{ item, plan }] : []
  })
  if (next.length === 0) return
  await tx
    .insertInto('work_items')
    .values(
      next.map(({ item, plan }) => ({
        workspace_id: item.workspaceId,
        kind: item.kind,
        key: item.key,
        band: plan.band,
        due_at: plan.dueAt,
        id: item.id,
        attempt: Math.min(item.attempt + 1, mostAttempts),
        payload: plan.payload ?? item.payload,
        number: item.number,
        created_at: item.createdAt,
      })),
    )
    .execute()
}

// What was done outside is known only here: a database that is away for a moment must not have it done again. It is as safe
// after a commit whose answer was lost, because the same outcome is written by the same epoch. Past the end of the lease
// whoever has the lane does the work again anyway.
const insistForMs = 15_000
const againAfterMs = 100

const insist = async (write: () => Promise<void>): Promise<void> => {
  const deadline = performance.now() + insistForMs
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError) || performance.now() > deadline) throw error
      await delay(againAfterMs)
    }
  }
}

const settleOnce = async <Result>(
  db: Db,
  kind: WorkKind<unknown, Result>,
  batch: { item: WorkItem; result: Result; epoch: number }[],
): Promise<void> => {
  await transaction(db, async (tx) => {
    const epochs = await currentEpochs(
      tx,
      batch.map(({ item }) => item),
    )
    const finished: Finished<Result>[] = batch.map((entry) => ({
      ...entry,
      stale: epochs.get(laneName(entry.item)) !== entry.epoch,
    }))
    const again = await kind.settle(tx, finished)
    const done = finished.filter(({ stale }) => !stale).map(({ item }) => item)
    if (done.length > 0) await replaceItems(tx, done, new Map(again.map((plan) => [plan.id, plan])))
  })
}

/**
 * Writes the outcomes of one kind's items and removes or reschedules them, all in one transaction fenced by epoch. Throws
 * DatabaseUnavailableError when the database stays away for 15 seconds.
 */
export const settle = <Result>(
  db: Db,
  kind: WorkKind<unknown, Result>,
  batch: { item: WorkItem; result: Result; epoch: number }[],
): Promise<void> => insist(() => settleOnce(db, kind, batch))
