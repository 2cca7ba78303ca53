import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { median } from '../processes.ts'
import { now, receivedAtLeast, say } from './measure.ts'
import { mostEndpoints, recordEvents, type Stage, sequenceAll } from './stage.ts'

export const fairness = async (stage: Stage): Promise<void> => {
  const [pending, hundred] = [500_000, 100]
  for (const lanes of [1, mostEndpoints]) {
    const names = await stage.withDatabase(async (database) => {
      const big = await stage.newWorkspace(database)
      await stage.addWebhooks(big, stage.receivers.ports.slice(0, lanes), 8)
      if (lanes === 1) {
        await recordEvents(big, 1)
        await sequenceAll(database)
        await multiply(database.system, big.workspaceId, pending)
      } else {
        await recordEvents(big, pending / lanes)
        await sequenceAll(database)
      }
      return big.workspaceId
    })
    await stage.receipts({ reset: true, noteBy: null })
    const server = await stage.startServer()
    await receivedAtLeast(stage, 10_000)
    const took = await stage.withDatabase(async (database) => {
      const small = []
      for (let n = 0; n < hundred; n++) {
        const ctx = await stage.newWorkspace(database)
        await stage.addWebhooks(ctx, stage.receivers.ports.slice(n, n + 1), 8)
        small.push(ctx)
      }
      await stage.receipts({ noteBy: 'webhook-id' })
      const recorded = new Map<string, number>()
      for (const ctx of small) for (const id of await recordEvents(ctx, 1, 1)) recorded.set(id, now())
      const deadline = Date.now() + 120_000
      for (;;) {
        const { at } = await stage.receipts({ withTimes: true })
        const times = at.flatMap(([id, time]) => (recorded.has(id) ? [time - recorded.get(id)!] : []))
        if (times.length === hundred || Date.now() > deadline) return times
        await sleep(100)
      }
    })
    await server.stop()
    say(
      `fairness: beside one tenant with ${pending} pending at ${lanes} endpoints, ${took.length} of ${hundred} tenants with one each were served, the last after ${(Math.max(...took) / 1e3).toFixed(2)} s, median ${(median(took) / 1e3).toFixed(2)} s (goal ≤ 2 s)`,
    )
    await stage.withDatabase((database) =>
      sql`delete from work_items where workspace_id = ${names}`.execute(database.system),
    )
  }
}

// A long lane of deliveries of one event: what is measured is how many wait, not how they came.
const multiply = async (
  system: Parameters<Parameters<Stage['withDatabase']>[0]>[0]['system'],
  workspaceId: string,
  pending: number,
) => {
  await sql`insert into work_items (workspace_id, kind, key, band, due_at, id, attempt, payload, number, created_at)
    select workspace_id, kind, key, band, due_at, (left(id::text, 19) || right(gen_random_uuid()::text, 17))::uuid, attempt,
      payload, number + n, created_at
    from work_items, generate_series(1, ${pending}::int) n where workspace_id = ${workspaceId}`.execute(system)
}
