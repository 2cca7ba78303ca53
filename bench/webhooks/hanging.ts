import { setTimeout as sleep } from 'node:timers/promises'
import { deleteWebhook } from '../../server/src/domain/webhooks/index.ts'
import { quantile, say, spread } from './measure.ts'
import { hangingEndpoints, recordEvents, type Stage } from './stage.ts'
import { timeHealthy } from './time-healthy.ts'

const [workspaces, events, rounds] = [6, 10, 2]
// Longer than an attempt may take: what hangs ends, and begins again, while the healthy one is watched.
const offered = { perSecond: 100, seconds: 24 }
const deadlineMs = 15_000

/** A healthy webhook beside hundreds, in several workspaces, that take every request and never answer. */
export const hanging = async (stage: Stage): Promise<void> => {
  const server = await stage.startServer({ PARLEY_WEBHOOK_RETRY_SECONDS: '0,1,1,1,1' })
  const each = hangingEndpoints / workspaces
  const times: { with: number[][]; without: number[][] } = { with: [], without: [] }
  let rss = 0
  await stage.withDatabase(async (database) => {
    const healthy = await stage.newWorkspace(database)
    await stage.addWebhooks(healthy, stage.receivers.ports.slice(0, 1), 8)
    await timeHealthy(stage, healthy, { perSecond: 100, seconds: 4 })
    for (let round = 0; round < rounds; round++) {
      times.without.push(await timeHealthy(stage, healthy, { perSecond: 100, seconds: 8 }))
      const bad = await Promise.all(
        Array.from({ length: workspaces }, async (_, n) => {
          const ctx = await stage.newWorkspace(database)
          const ids = await stage.addWebhooks(ctx, stage.receivers.hanging.slice(n * each, (n + 1) * each), 8)
          await recordEvents(ctx, events)
          return { ctx, ids }
        }),
      )
      await sleep(3_000)
      times.with.push(await timeHealthy(stage, healthy, offered))
      rss = Math.max(rss, (await server.used()).rss)
      for (const { ctx, ids } of bad) for (const id of ids) await deleteWebhook(ctx, id)
      await sleep(deadlineMs + 1_000)
    }
  })
  await server.stop()
  const at = (q: number, values: number[][]) => values.map((round) => quantile(round, q))
  const [with99, without99] = [at(0.99, times.with), at(0.99, times.without)]
  say(
    `hanging: p50 and p99 of a healthy endpoint at ${offered.perSecond} a second ${spread(at(0.5, times.with), 1)} and ${spread(with99, 1)} ms, at most ${spread(at(1, times.with))}, ` +
      `beside ${hangingEndpoints} in ${workspaces} workspaces that never answer, ${spread(at(0.5, times.without), 1)} and ${spread(without99, 1)} ms without = ${spread(
        with99.map((value, i) => value / without99[i]!),
        2,
      )} of the p99 (goal ≤ 1.5); ${rss.toFixed(0)} MiB`,
  )
}
