import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { LaneId, LaneSettings } from '../../work/work-kind.ts'

export const deliveryKind = 'webhook'

/** Where the deliveries of one webhook wait. */
export const laneOf = (workspaceId: string, webhookId: string): LaneId => ({
  workspaceId,
  kind: deliveryKind,
  key: webhookId,
})

/**
 * Keeps outcomes of this webhook's deliveries from being written until the transaction ends. Whoever changes a webhook
 * calls it before touching the webhook's row: the worker locks in that order too.
 */
export const lockLane = async (tx: Db, { workspaceId, kind, key }: LaneId): Promise<void> => {
  await sql`select 1 from lanes where workspace_id = ${workspaceId} and kind = ${kind} and key = ${key} for update`.execute(
    tx,
  )
}

/** Locks the lanes of several webhooks, in the one order in which all lanes are locked. */
export const lockLanes = async (tx: Db, workspaceId: string, webhookIds: readonly string[]): Promise<void> => {
  await sql`select 1 from lanes
    where workspace_id = ${workspaceId} and kind = ${deliveryKind} and key = any(${[...webhookIds]}::uuid[])
    order by key for update`.execute(tx)
}

/** How many deliveries of a webhook are under way at once, where it says nothing else. */
export const deliveryWindow = 8

type Pace = { max_in_flight: number; max_per_second: number | null; fifo: boolean }

/** What a webhook's own settings make of its lane. */
export const paceOf = ({ max_in_flight, max_per_second, fifo }: Pace): Omit<LaneSettings, 'catchUpPerSecond'> => ({
  maxRunning: max_in_flight,
  perSecond: max_per_second,
  ordered: fifo,
})
