import type { Clock } from './base/clock.ts'
import type { Role } from './config.ts'
import { isWithoutPartition } from './database/partitions.ts'
import { warnOfExpiry } from './domain/api-keys/index.ts'
import { type FanOut, firstBatch, nextBatch, sequenceEvents } from './domain/events/index.ts'
import { createNoticeFanOut, purgeNoticeCounts } from './domain/notices/index.ts'
import { purgeSignIns } from './domain/oidc/index.ts'
import { purgeReachedLimits } from './domain/plans/index.ts'
import { purgeSessions } from './domain/sessions/index.ts'
import { purgeAttempts } from './domain/users/index.ts'
import { createFanOut, purgeLanes, purgeSecrets } from './domain/webhooks/index.ts'
import { purgeVisits } from './domain/widget/index.ts'
import { endHistory } from './end-history.ts'
import type { Deps } from './http/deps.ts'
import { purgeIdempotencyKeys } from './http/idempotency.ts'
import { purgeRequestWindows } from './http/request-windows.ts'
import { freeLanes, wakeSleepers } from './work/lanes.ts'
import { type Loop, startLoop } from './work/loop.ts'
import { startWorker } from './work/worker.ts'
import { workKinds } from './work-kinds.ts'

const flushEveryMs = 1_000
const recordEveryMs = 1_000
const wakeEveryMs = 25
// From here on a pass costs more than the events in it gain by being early.
const busyBatch = 12
const housekeepingEveryMs = 3_600_000
// How soon after a sleep of the machine, or a jump of its clock, it is noticed.
const lookAtClockEveryMs = 30_000
const warnEveryMs = 600_000
const wakeSleepersEveryMs = 60_000
const purgeWindowsEveryMs = 60_000

type Options = { role?: Role; pollMs?: number }

// What a process writes of its own requests, whatever its role.
const startFlushing = (deps: Deps): (() => Promise<void>) => {
  const { log, keyCache, requestRecorder } = deps
  const flush = () => keyCache.flush().catch((error) => log.error({ err: error }, 'key use could not be noted'))
  const timers = [setInterval(flush, flushEveryMs), setInterval(requestRecorder.flush, recordEveryMs)]
  return async () => {
    for (const timer of timers) clearInterval(timer)
    await flush()
    await requestRecorder.flush()
  }
}

/** Does something at once, every hour by the wall clock, and when woken: a machine that slept has slept through its timers. */
const startHourly = (clock: Clock, work: () => Promise<unknown>): Loop => {
  let doneAt = Number.NEGATIVE_INFINITY
  const loop = startLoop({
    step: async () => {
      const passed = clock.now().getTime() - doneAt
      if (passed >= 0 && passed < housekeepingEveryMs) return false
      doneAt = clock.now().getTime()
      await work()
      return false
    },
    pollMs: lookAtClockEveryMs,
    gatherMs: () => 0,
    onError: () => undefined,
  })
  return {
    ...loop,
    wake: () => {
      doneAt = Number.NEGATIVE_INFINITY
      loop.wake()
    },
  }
}

const prepareDays = ({ database, clock, log }: Deps): Promise<void> =>
  database
    .prepareDays(clock.now())
    .catch((error) =>
      log.error(
        { err: error },
        'the coming days could not be prepared: events of a day without a place cannot be kept',
      ),
    )

// What becomes of events besides their place in the log: mails to people, and deliveries to webhooks. In the order of their
// kinds, as lanes are locked.
const createFanOuts = ({ clock, mailer }: Deps): FanOut => {
  const toWebhooks = createFanOut(clock)
  if (!mailer) return toWebhooks
  const toPeople = createNoticeFanOut(clock)
  return async (tx, ranges) => (await toPeople(tx, ranges)) + (await toWebhooks(tx, ranges))
}

// The work that requests leave is done elsewhere: say that there is some, and have a place for what is written next.
const leaveWorkToOthers = (deps: Deps): (() => Promise<void>) => {
  const { database, clock } = deps
  database.onCommit(() => database.signals.tell('committed'))
  return startHourly(clock, () => prepareDays(deps)).stop
}

const startWork = async (deps: Deps, pollMs: number): Promise<() => Promise<void>> => {
  const { database, clock, log, logHeads } = deps
  const { signals } = database
  // The folder's lock proves that whoever held leases here has died: their work need not wait for the leases to end.
  if (database.kind === 'embedded') await freeLanes(database.system)
  const fanOut = createFanOuts(deps)
  const worker = startWorker({ db: database.system, kinds: workKinds(deps), clock, log, pollMs })
  let wokenAt = 0
  let gatherMs = 4
  let committedHere = false
  let batch = firstBatch
  const sequencer = startLoop({
    // Many commits become one step. A commit may also have enqueued work of its own, which need not be looked for as often.
    step: async () => {
      const ours = committedHere
      committedHere = false
      const step = await sequenceEvents(database.system, fanOut, batch)
      const { more, enqueued, sequenced, held } = step
      batch = nextBatch(step, batch)
      gatherMs = sequenced >= busyBatch ? 20 : 4
      if (sequenced > 0) {
        signals.tell('sequenced')
        logHeads.wake()
      }
      // Whoever is at it may have looked before our commit. To pass on what others said would go round for ever.
      if (!held && ours) signals.tell('committed')
      if (enqueued > 0 || Date.now() - wokenAt >= wakeEveryMs) {
        wokenAt = Date.now()
        worker.wake()
      }
      return more
    },
    pollMs,
    gatherMs: () => gatherMs,
    onError: (error) => {
      // The clock has jumped past the days that were prepared.
      if (isWithoutPartition(error)) house.wake()
      log.error({ err: error }, 'the sequencer stumbled and goes on')
    },
  })
  database.onCommit(() => {
    committedHere = true
    worker.doubt()
    sequencer.wake()
  })
  signals.hear('committed', () => {
    worker.doubt()
    sequencer.wake()
  })
  signals.hear('sequenced', worker.wake)

  const keyWatch = startLoop({
    step: () => warnOfExpiry(database.system, clock.now()),
    pollMs: warnEveryMs,
    gatherMs: () => 0,
    onError: (error) => log.error({ err: error }, 'keys that expire could not be told of and will be'),
  })

  const sleepers = startLoop({
    step: async () => {
      await wakeSleepers(database.system, clock.now())
      return false
    },
    pollMs: wakeSleepersEveryMs,
    gatherMs: () => 0,
    onError: (error) => log.error({ err: error }, 'lanes that sleep could not be looked for and will be'),
  })

  // Strangers make them too, by the key of a page: what no longer counts must not wait for an hour.
  const windows = startLoop({
    step: async () => {
      await purgeRequestWindows(database.system)
      return false
    },
    pollMs: purgeWindowsEveryMs,
    gatherMs: () => 0,
    onError: (error) => log.error({ err: error }, 'counts that are over could not be deleted and will be'),
  })

  const keepHouse = () =>
    Promise.all([
      purgeIdempotencyKeys(database.system, clock.now()),
      purgeSessions(database.system, clock.now()),
      purgeAttempts(database.system, clock.now()),
      purgeSecrets(database.system, clock.now()),
      purgeLanes(database.system),
      purgeReachedLimits(database.system, clock.now()),
      purgeNoticeCounts(database.system, clock.now()),
      purgeSignIns(database.system, clock.now()),
      purgeVisits(database.system, clock.now()),
    ]).catch((error) => log.error({ err: error }, 'housekeeping failed and will be tried again'))
  const house = startHourly(clock, async () => {
    await prepareDays(deps)
    await keepHouse()
    await endHistory(deps).catch((error) => log.error({ err: error }, 'old history could not be ended and will be'))
  })

  return async () => {
    await house.stop()
    await worker.stop()
    await sequencer.stop()
    await keyWatch.stop()
    await sleepers.stop()
    await windows.stop()
  }
}

/**
 * Starts what runs beside the requests: the sequencer, the worker and housekeeping, or for `api` only what its own requests
 * leave to be written. Returns how to stop it.
 */
export const startBackground = async (
  deps: Deps,
  { role = 'all', pollMs = 250 }: Options = {},
): Promise<() => Promise<void>> => {
  const stopFlushing = startFlushing(deps)
  deps.database.signals.hear('sequenced', deps.logHeads.wake)
  const stopWork = role === 'api' ? leaveWorkToOthers(deps) : await startWork(deps, pollMs)
  return async () => {
    await stopWork()
    await stopFlushing()
  }
}
