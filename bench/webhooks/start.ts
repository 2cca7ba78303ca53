import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { now, receivedAtLeast, say } from './measure.ts'
import { mostEndpoints, recordEvents, type Stage, sequenceAll } from './stage.ts'

export const start = async (stage: Stage): Promise<void> => {
  const pending = 1_000_000
  const prepared = await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports, 8)
    await recordEvents(ctx, pending / mostEndpoints)
    const begun = now()
    await sequenceAll(database)
    return { workspaceId: ctx.workspaceId, seconds: (now() - begun) / 1e3 }
  })
  say(`fan-out: ${(pending / prepared.seconds).toFixed(0)} deliveries a second enqueued, 1000 an event`)
  await stage.receipts({ reset: true, noteBy: null })
  const begun = now()
  const server = await stage.startServer()
  await receivedAtLeast(stage, 1)
  const { firstAt } = await stage.receipts()
  let peak = 0
  const until = now() + 10_000
  while (now() < until) {
    peak = Math.max(peak, (await server.used()).rss)
    await sleep(250)
  }
  const { received, lastAt } = await stage.receipts()
  await server.stop()
  await stage.withDatabase((database) =>
    sql`delete from work_items where workspace_id = ${prepared.workspaceId}`.execute(database.system),
  )
  say(
    `start with ${pending} pending: first delivery ${((firstAt - begun) / 1e3).toFixed(2)} s after the command, ${peak.toFixed(0)} MiB at most in the 10 s that follow, at ${((received / (lastAt - firstAt)) * 1e3).toFixed(0)} a second`,
  )
}
