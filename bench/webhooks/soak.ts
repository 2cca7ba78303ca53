import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../processes.ts'
import { now, receivedAtLeast, say } from './measure.ts'
import { recordEvents, type Stage } from './stage.ts'

export const soak = async (stage: Stage, minutes: number): Promise<void> => {
  const [fanOut, perSecond] = [10, 100]
  const server = await stage.startServer()
  const rss: number[] = []
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, fanOut), 8)
    await stage.receipts({ reset: true, noteBy: null })
    const begun = now()
    let recorded = 0
    while (now() - begun < minutes * 60_000) {
      const owed = Math.floor(((now() - begun) / 1e3) * perSecond) - recorded
      if (owed > 0) recorded += (await recordEvents(ctx, owed, 5)).length
      if (rss.length < (now() - begun) / 1e3) rss.push((await server.used()).rss)
      await sleep(10)
    }
    await receivedAtLeast(stage, recorded * fanOut)
  })
  const { received } = await stage.receipts()
  await server.stop()
  const third = Math.floor(rss.length / 3)
  const [early, late] = [median(rss.slice(third, 2 * third)), median(rss.slice(2 * third))]
  say(
    `soak, ${minutes} min, ${received} deliveries: ${early.toFixed(0)} MiB in the second third, ${late.toFixed(0)} in the last = ${(late / early).toFixed(2)}; ${Math.max(...rss).toFixed(0)} at most (goal: flat)`,
  )
}
