import { openTestDatabase } from '../../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../../test/make.ts'
import { type Receiver, startReceiver } from '../../../../test/receiver.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLog } from '../../../base/log.ts'
import { startWorker } from '../../../work/worker.ts'
import type { Ctx } from '../../context.ts'
import { createDeliveryKind } from '../deliver-event.work.ts'
import { makeOutside, until } from '../delivering.fixture.ts'
import { createWebhook } from '../index.ts'
import { Backfill, createBackfill, createBackfillKind, getBackfill, presentBackfill } from './index.ts'

export type Scene = { ctx: Ctx; receiver: Receiver }

export const notesOf = ({ received }: Receiver): number[] =>
  received.map(({ body }) => JSON.parse(body.toString()).data.n)

/** A database, and what plays scenes on it: a workspace, a receiver and a worker that delivers and fills. */
export const openStage = async () => {
  const database = await openTestDatabase()
  const outside = makeOutside([0, 0.05])
  const withWorker = async (play: (scene: Scene) => Promise<void>): Promise<void> => {
    const ctx = makeCtx(database, await makeWorkspace(database))
    const receiver = await startReceiver()
    const kinds = [createDeliveryKind(outside, { deadlineMs: 60_000 }), createBackfillKind({ clock: systemClock })]
    const worker = startWorker({
      db: database.system,
      kinds,
      clock: systemClock,
      log: silentLog,
      pollMs: 10,
      limits: { catchUpPerSecond: 5_000 },
    })
    try {
      await play({ ctx, receiver })
    } finally {
      await worker.stop()
      await receiver.stop()
    }
  }

  const lastHour = () => ({ from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) })
  const subscribe = async ({ ctx, receiver }: Scene, events = ['note.*']) =>
    (await createWebhook(ctx, { url: receiver.url, events }, outside)).row.id

  const begin = async (ctx: Ctx, webhookId: string, mode: 'missing' | 'failed' | 'all', more = {}) => {
    const made = await createBackfill(ctx, { webhook_id: webhookId, mode, ...lastHour(), ...more }, outside)
    return { id: made.row!.id, estimated: made.estimated }
  }

  const completed = async (ctx: Ctx, id: string) => {
    await until('it is completed', async () => (await getBackfill(ctx, id)).status === 'completed')
    return Backfill.parse(presentBackfill(await getBackfill(ctx, id)))
  }
  const close = async () => {
    await outside.safeHttp.close()
    await database.close()
  }
  return { database, outside, withWorker, lastHour, subscribe, begin, completed, close }
}
