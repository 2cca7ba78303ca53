import { setTimeout as sleep } from 'node:timers/promises'
import { now, receivedAtLeast, say, spread } from './measure.ts'
import { recordEvents, type Stage } from './stage.ts'

export const steady = async (stage: Stage): Promise<void> => {
  const [fanOut, seconds, perSecond] = [10, 10, 500]
  const rates: number[] = []
  const server = await stage.startServer()
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, fanOut), 8)
    for (let round = 0; round < 3; round++) {
      await stage.receipts({ reset: true, noteBy: null })
      const start = now()
      let recorded = 0
      while (now() - start < seconds * 1e3) {
        const owed = Math.floor(((now() - start) / 1e3) * perSecond) - recorded
        for (let n = 0; n < owed; n += 5) await recordEvents(ctx, Math.min(5, owed - n), 5)
        recorded += Math.max(0, owed)
        await sleep(10)
      }
      await receivedAtLeast(stage, recorded * fanOut)
      const { lastAt } = await stage.receipts()
      rates.push((recorded * fanOut) / ((lastAt - start) / 1e3))
    }
  })
  await server.stop()
  say(
    `steady, fan-out ${fanOut}, ${perSecond} events a second recorded by another process for ${seconds} s: ${spread(rates)} deliveries a second until the last was in (goal ≥ 3000)`,
  )
}
