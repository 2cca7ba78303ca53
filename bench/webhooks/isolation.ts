import { setTimeout as sleep } from 'node:timers/promises'
import { deleteWebhook } from '../../server/src/domain/webhooks/index.ts'
import { freePort } from '../processes.ts'
import { quantile, say, spread } from './measure.ts'
import type { Stage } from './stage.ts'
import { timeHealthy } from './time-healthy.ts'

export const isolation = async (stage: Stage): Promise<void> => {
  const [perSecond, seconds, rounds] = [100, 8, 5]
  const server = await stage.startServer({ PARLEY_WEBHOOK_RETRY_SECONDS: '0,1,1,1,1' })
  const { failing, slow, dripping, big, ports } = stage.receivers
  const refusing = await freePort()
  const p99s: { with: number[]; without: number[] } = { with: [], without: [] }
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, ports.slice(0, 1), 8)
    const measure = async () => quantile(await timeHealthy(stage, ctx, { perSecond, seconds }), 0.99)
    await measure()
    for (let round = 0; round < rounds; round++) {
      p99s.without.push(await measure())
      const bad = await stage.addWebhooks(ctx, [refusing, failing, slow, dripping, big], 8)
      p99s.with.push(await measure())
      for (const id of bad) await deleteWebhook(ctx, id)
      await sleep(500)
    }
  })
  await server.stop()
  say(
    `isolation: p99 of a healthy endpoint at ${perSecond} a second ${spread(p99s.with, 1)} ms beside one refusing, one 500, one of 14 s, one dripping and one of 10 MB, ` +
      `${spread(p99s.without, 1)} ms without = ${spread(
        p99s.with.map((value, i) => value / p99s.without[i]!),
        2,
      )} (goal ≤ 1.5)`,
  )
}
