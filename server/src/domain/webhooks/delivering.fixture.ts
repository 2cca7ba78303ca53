import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { createSafeHttp, type SafeHttpOptions } from '../../base/safe-http.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import type { Database } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { startLoop } from '../../work/loop.ts'
import { startWorker } from '../../work/worker.ts'
import type { Ctx } from '../context.ts'
import { defineEvent, recordEvent, sequenceEvents } from '../events/index.ts'
import { createDeliveryKind } from './deliver-event.work.ts'
import { webhookEvents } from './events.ts'
import { createFanOut } from './fan-out.ts'

export const noteMade = defineEvent({
  type: 'note.made',
  aliases: ['memo.written'],
  description: 'A note was made.',
  data: z.object({ n: z.number(), text: z.string().optional() }),
  example: { n: 1 },
})

/** Records one event of its own transaction. */
export const makeNote = (ctx: Ctx, n: number, text?: string): Promise<string> =>
  transaction(ctx.db, (tx) =>
    recordEvent(ctx, tx, noteMade, { subject: { type: 'note', id: null }, data: { n, text } }),
  )

/** What verbs and the kind of work get from outside, around the real client. */
export const makeOutside = (
  webhookRetrySeconds: readonly number[] = [0, 0.2, 0.2, 0.2, 0.2],
  http: SafeHttpOptions = {},
) => ({
  safeHttp: createSafeHttp(http),
  secretBox: createSecretBox([{ id: 1, key: randomBytes(32) }]),
  clock: systemClock,
  log: silentLog,
  eventTypes: [...webhookEvents, noteMade],
  settings: { webhookHeaderBrand: 'Parley', sandboxLoopback: true, webhookRetrySeconds },
  signal: new AbortController().signal,
})

export type Outside = ReturnType<typeof makeOutside>

/** Returns once every event that was committed before has its number, whoever gives it. */
export const numberEvents = async (database: Database): Promise<void> => {
  for (;;) {
    const { more, held } = await sequenceEvents(database.system, createFanOut())
    if (held && !more) return
  }
}

/** Runs the sequencer and one worker until stopped. */
export const startDelivering = (database: Database, outside: Outside, tuning: { deadlineMs?: number } = {}) => {
  const fanOut = createFanOut()
  const kinds = [createDeliveryKind(outside, tuning)]
  const worker = startWorker({ db: database.system, kinds, clock: systemClock, log: silentLog, pollMs: 20 })
  database.onCommit(worker.doubt)
  const sequencer = startLoop({
    step: async () => {
      const { more } = await sequenceEvents(database.system, fanOut)
      worker.wake()
      return more
    },
    pollMs: 20,
    gatherMs: () => 0,
    onError: () => undefined,
  })
  return {
    stop: async (graceMs?: number) => {
      await sequencer.stop()
      await worker.stop(graceMs)
    },
  }
}

/** Waits for something that is bound to come; the deadline only turns a hang into a failure. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
