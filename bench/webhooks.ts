import { startPostgres } from '../server/test/postgres-server.ts'
import { crash } from './webhooks/crash.ts'
import { drain } from './webhooks/drain.ts'
import { fairness } from './webhooks/fairness.ts'
import { hanging } from './webhooks/hanging.ts'
import { isolation } from './webhooks/isolation.ts'
import { latency } from './webhooks/latency.ts'
import { say } from './webhooks/measure.ts'
import { soak } from './webhooks/soak.ts'
import { mostEndpoints, openStage } from './webhooks/stage.ts'
import { start } from './webhooks/start.ts'
import { steady } from './webhooks/steady.ts'

const parts = [
  'drain',
  'steady',
  'latency',
  'isolation',
  'hanging',
  'fairness',
  'start',
  'crash',
  'soak',
  'embedded',
] as const

/**
 * Delivery of events, each figure beside the limit of the same run, on a PostgreSQL with fsync on; what `embedded` prints has
 * no goal. `soak=10` soaks for ten minutes instead of one; `drain=10` drains ten endpoints alone.
 */
export const benchWebhooks = async (given: string[]): Promise<void> => {
  const wanted = new Map(given.map((part) => [part.split('=')[0]!, part.split('=')[1]]))
  const unknown = [...wanted.keys()].filter((name) => !parts.includes(name as (typeof parts)[number]))
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}. There are: ${parts.join(', ')}.`)
  const wants = (part: (typeof parts)[number]) => wanted.size === 0 || wanted.has(part)
  if (wanted.size === 0 || [...wanted.keys()].some((name) => name !== 'embedded')) {
    const postgres = await startPostgres()
    const stage = await openStage(postgres, mostEndpoints)
    try {
      say(`webhooks on ${postgres.version}, Node ${process.version}`)
      if (wants('drain'))
        await drain(stage, false, wanted.get('drain') === undefined ? undefined : Number(wanted.get('drain')))
      if (wants('steady')) await steady(stage)
      if (wants('latency')) await latency(stage, false)
      if (wants('isolation')) await isolation(stage)
      if (wants('hanging')) await hanging(stage)
      if (wants('fairness')) await fairness(stage)
      if (wants('start')) await start(stage)
      if (wants('crash')) await crash(stage)
      if (wants('soak')) await soak(stage, Number(wanted.get('soak') ?? 1))
    } finally {
      await stage.close()
      await postgres.stop()
    }
  }
  if (!wants('embedded')) return
  const stage = await openStage(null, mostEndpoints)
  try {
    say(`webhooks on the embedded database, Node ${process.version}`)
    await drain(stage, true)
    await latency(stage, true)
  } finally {
    await stage.close()
  }
}
