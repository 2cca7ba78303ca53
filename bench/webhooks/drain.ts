import type { Used } from '../count-statements.ts'
import { ask } from '../processes.ts'
import type { BareResult, BareRun } from './bare-sender.ts'
import { receivedAtLeast, say, spread } from './measure.ts'
import { envelopeBytes, mostEndpoints, recordEvents, type Stage, sequenceAll } from './stage.ts'

// What the worker runs at once, over all lanes.
const atOnce = 512

type Drain = { endpoints: number; window: number; deliveries: number }
type Drained = { perSecond: number; cpu: number; statements: number }

const drainOnce = async (stage: Stage, { endpoints, window, deliveries }: Drain): Promise<Drained> => {
  const webhooks = await stage.withDatabase(async (database) => {
    const ctx = await stage.newWorkspace(database)
    await stage.addWebhooks(ctx, stage.receivers.ports.slice(0, endpoints), window)
    await recordEvents(ctx, deliveries / endpoints)
    await sequenceAll(database)
    return ctx.workspaceId
  })
  await stage.receipts({ reset: true, noteBy: null })
  const server = await stage.startServer()
  // Busy: between a fifth and the end, when windows are open and everything is compiled.
  const from = await receivedAtLeast(stage, deliveries / 5)
  const before = await server.used()
  const to = await receivedAtLeast(stage, deliveries)
  const after = await server.used()
  const { firstAt, lastAt } = await stage.receipts()
  await server.stop()
  if (to !== deliveries) throw new Error(`${webhooks}: ${to} deliveries of ${deliveries} arrived`)
  const per = (of: keyof Used) => (after[of] - before[of]) / (to - from)
  return { perSecond: (deliveries / (lastAt - firstAt)) * 1e3, cpu: per('cpu'), statements: per('statements') }
}

export const drain = async (stage: Stage, embedded: boolean, only?: number): Promise<void> => {
  const rounds = embedded ? 2 : 3
  const sizes = embedded
    ? [{ endpoints: 10, window: 32, deliveries: 5_000 }]
    : [
        { endpoints: 1, window: 8, deliveries: 20_000 },
        { endpoints: 1, window: 32, deliveries: 20_000 },
        { endpoints: 10, window: 32, deliveries: 30_000 },
        { endpoints: mostEndpoints, window: 8, deliveries: 30_000 },
      ]
  for (const size of sizes.filter(({ endpoints }) => only === undefined || endpoints === only)) {
    const bareRun: BareRun = {
      ports: stage.receivers.ports.slice(0, size.endpoints),
      perEndpoint: size.window,
      atOnce,
      deliveries: size.deliveries,
      bytes: envelopeBytes,
    }
    const rows: { ours: Drained; bare: BareResult }[] = []
    for (let round = 0; round < rounds; round++)
      rows.push({ ours: await drainOnce(stage, size), bare: await ask<BareResult>(stage.bare, bareRun) })
    const goal = embedded ? 'no goal' : 'goal ≥ 6000 and ≥ 0.65'
    say(
      `drain, ${size.endpoints} endpoints with ${size.window} in flight, ${size.deliveries} deliveries: ${spread(rows.map(({ ours }) => ours.perSecond))} a second ` +
        `= ${spread(
          rows.map(({ ours, bare }) => ours.perSecond / bare.perSecond),
          2,
        )} of a bare sender's ${spread(rows.map(({ bare }) => bare.perSecond))} (${goal})`,
    )
    const statements = embedded
      ? ''
      : `; SQL statements ${spread(
          rows.map(({ ours }) => ours.statements),
          3,
        )} a delivery (goal ≤ 0.1)`
    say(
      `  CPU ${spread(rows.map(({ ours }) => ours.cpu))} µs a delivery${embedded ? ', the database included' : ' (goal ≤ 100)'}, bare ${spread(rows.map(({ bare }) => bare.cpu))}${statements}`,
    )
  }
}
