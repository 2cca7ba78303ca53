import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../server/src/database/open.ts'
import type { Ctx } from '../../server/src/domain/context.ts'
import { now, receivedAtLeast, say, spread } from './measure.ts'
import { recordEvents, type Server, type Stage, sequenceAll } from './stage.ts'

const [endpoints, deliveries, kills, rounds] = [10, 30_000, 3, 3]
const events = deliveries / endpoints
const eventsPerSecond = 100
const patienceMs = 60_000

type Crashed = { lost: number; twice: number; stallMs: number }
/** Records what is to be delivered; what it answers ends when all is recorded. */
type Load = (ctx: Ctx, database: Database) => Promise<() => Promise<void>>

const pending: Load = async (ctx, database) => {
  await recordEvents(ctx, events)
  await sequenceAll(database)
  return async () => undefined
}

const steadily: Load = async (ctx) => async () => {
  const start = now()
  for (let recorded = 0; recorded < events; await sleep(10)) {
    const owed = Math.min(events, Math.floor(((now() - start) / 1e3) * eventsPerSecond)) - recorded
    if (owed > 0) recorded += (await recordEvents(ctx, owed, 1)).length
  }
}

// What has no number yet is no delivery yet, and becomes one in the transaction that takes it from there.
const isOwed = async ({ system }: Database, { workspaceId }: Ctx): Promise<boolean> => {
  for (const table of ['event_outbox', 'work_items'] as const)
    if (await system.selectFrom(table).select('id').where('workspace_id', '=', workspaceId).limit(1).executeTakeFirst())
      return true
  return false
}

const killInTurn = async (stage: Stage, servers: Server[]): Promise<void> => {
  for (let kill = 1; kill <= kills; kill++) {
    await receivedAtLeast(stage, Math.floor((deliveries * kill) / (kills + 2)))
    const killed = servers.shift()!
    const gone = once(killed.child, 'exit')
    killed.child.kill('SIGKILL')
    await gone
    servers.push(await stage.startServer())
  }
}

/** Two processes deliver; each in turn is killed with -9 and started again. What arrived is told by the id of its delivery. */
const crashOnce = (stage: Stage, load: Load): Promise<Crashed> =>
  stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, endpoints), 8)
    const record = await load(ctx, database)
    await stage.receipts({ reset: true, noteBy: 'x-parley-delivery' })
    const servers = [await stage.startServer(), await stage.startServer()]
    await Promise.all([record(), killInTurn(stage, servers)])
    const deadline = now() + patienceMs
    while ((await isOwed(database, ctx)) && now() < deadline) await sleep(250)
    await Promise.all(servers.map((server) => server.stop()))
    const { at } = await stage.receipts({ withTimes: true })
    const unique = new Set(at.map(([id]) => id)).size
    const times = at.map(([, time]) => time)
    const stallMs = Math.max(...times.slice(1).map((time, i) => time - times[i]!))
    return { lost: deliveries - unique, twice: at.length - unique, stallMs }
  })

export const crash = async (stage: Stage): Promise<void> => {
  for (const [title, load] of [
    [`${eventsPerSecond * endpoints} a second`, steadily],
    ['as fast as they go', pending],
  ] as const) {
    const results: Crashed[] = []
    for (let round = 0; round < rounds; round++) results.push(await crashOnce(stage, load))
    const all = (read: (result: Crashed) => number, digits: number) => spread(results.map(read), digits)
    say(
      `crash, ${deliveries} deliveries to ${endpoints} endpoints by two processes, ${title}, ${kills} times kill -9: ` +
        `${all(({ lost }) => lost, 0)} lost (goal 0), ${all(({ twice }) => (100 * twice) / deliveries, 2)} % came twice (goal ≤ 0.5), ` +
        `no delivery at all for ${all(({ stallMs }) => stallMs / 1e3, 1)} s at the longest (goal ≤ 12)`,
    )
  }
}
