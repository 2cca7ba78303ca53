import { setTimeout as sleep } from 'node:timers/promises'
import type { Ctx } from '../../server/src/domain/context.ts'
import { now, receivedAtLeast } from './measure.ts'
import { recordEvents, type Stage } from './stage.ts'

type Offered = { perSecond: number; seconds: number }

/** Records events one by one; milliseconds from the commit of each to its receipt at the healthy endpoints of `ctx`. */
export const timeHealthy = async (stage: Stage, ctx: Ctx, { perSecond, seconds }: Offered): Promise<number[]> => {
  await stage.receipts({ reset: true, noteBy: 'webhook-id' })
  const recorded = new Map<string, number>()
  const start = now()
  while (now() - start < seconds * 1e3) {
    if (recorded.size < ((now() - start) / 1e3) * perSecond)
      for (const id of await recordEvents(ctx, 1, 1)) recorded.set(id, now())
    else await sleep(1)
  }
  await receivedAtLeast(stage, recorded.size)
  const { at } = await stage.receipts({ withTimes: true })
  return at.flatMap(([id, time]) => (recorded.has(id) ? [time - recorded.get(id)!] : []))
}
