import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { now, receivedAtLeast, say, spread } from './measure.ts'
import { recordEvents, type Server, type Stage, sequenceAll } from './stage.ts'

const [endpoints, deliveries, kills, rounds] = [10, 30_000, 3, 3]
const patienceMs = 60_000

type Crashed = { lost: number; twice: number; stallMs: number }

/** Two processes drain; each in turn is killed with -9 and started again. What arrived is told by the id of its delivery. */
const crashOnce = async (stage: Stage): Promise<Crashed> => {
  await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, endpoints), 8)
    await recordEvents(ctx, deliveries / endpoints)
    await sequenceAll(database)
  })
  await stage.receipts({ reset: true, noteBy: 'x-parley-delivery' })
  const servers: Server[] = [await stage.startServer(), await stage.startServer()]
  for (let kill = 0; kill < kills; kill++) {
    await receivedAtLeast(stage, Math.floor((deliveries * (kill + 1)) / (kills + 2)))
    const killed = servers.shift()!
    const gone = once(killed.child, 'exit')
    killed.child.kill('SIGKILL')
    await gone
    servers.push(await stage.startServer())
  }
  const arrived = async () => {
    const { at } = await stage.receipts({ withTimes: true })
    return { at, unique: new Set(at.map(([id]) => id)).size }
  }
  const deadline = now() + patienceMs
  while ((await arrived()).unique < deliveries && now() < deadline) await sleep(250)
  await Promise.all(servers.map((server) => server.stop()))
  const { at, unique } = await arrived()
  const times = at.map(([, time]) => time)
  const stallMs = Math.max(...times.slice(1).map((time, i) => time - times[i]!))
  return { lost: deliveries - unique, twice: at.length - unique, stallMs }
}

export const crash = async (stage: Stage): Promise<void> => {
  const results: Crashed[] = []
  for (let round = 0; round < rounds; round++) results.push(await crashOnce(stage))
  const all = (read: (result: Crashed) => number) => results.map(read)
  say(
    `crash, ${deliveries} deliveries to ${endpoints} endpoints by two processes, ${kills} times kill -9: ${spread(all(({ lost }) => lost))} lost (goal 0), ` +
      `${spread(
        all(({ twice }) => (100 * twice) / deliveries),
        2,
      )} % came twice (goal ≤ 0.5), longest stall ${spread(
        all(({ stallMs }) => stallMs / 1e3),
        1,
      )} s (goal ≤ 12)`,
  )
}
