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
import { startWorker, type Worker } from './work/worker.ts'
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

/**
 * Gives events their numbers and tells whoever waits for them. `prepareDay` is called where the clock has jumped past the
 * days that were prepared.
 */
const startSequencer = (deps: Deps, worker: Worker, pollMs: number, prepareDay: () => void): Loop => {
  const { database, log, logHeads } = deps
  const { signals } = database
  const fanOut = createFanOuts(deps)
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
      if (isWithoutPartition(error)) prepareDay()
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
  return sequencer
}

/** What has a pace of its own, and is tried again when it fails: `failed` is what the log then says. */
const startRound = ({ log }: Deps, pollMs: number, work: () => Promise<unknown>, failed: string): Loop =>
  startLoop({
    step: async () => (await work()) === true,
    pollMs,
    gatherMs: () => 0,
    onError: (error) => log.error({ err: error }, failed),
  })

const startRounds = (deps: Deps): Loop[] => {
  const { clock } = deps
  const { system } = deps.database
  return [
    startRound(
      deps,
      warnEveryMs,
      () => warnOfExpiry(system, clock.now()),
      'keys that expire could not be told of and will be',
    ),
    startRound(
      deps,
      wakeSleepersEveryMs,
      () => wakeSleepers(system, clock.now()),
      'lanes that sleep could not be looked for and will be',
    ),
    // Strangers make them too, by the key of a page: what no longer counts must not wait for an hour.
    startRound(
      deps,
      purgeWindowsEveryMs,
      () => purgeRequestWindows(system),
      'counts that are over could not be deleted and will be',
    ),
  ]
}

const keepHouse = async (deps: Deps): Promise<void> => {
  const { clock, log } = deps
  const { system } = deps.database
  await prepareDays(deps)
  await Promise.all([
    purgeIdempotencyKeys(system, clock.now()),
    purgeSessions(system, clock.now()),
    purgeAttempts(system, clock.now()),
    purgeSecrets(system, clock.now()),
    purgeLanes(system),
    purgeReachedLimits(system, clock.now()),
    purgeNoticeCounts(system, clock.now()),
    purgeSignIns(system, clock.now()),
    purgeVisits(system, clock.now()),
  ]).catch((error) => log.error({ err: error }, 'housekeeping failed and will be tried again'))
  await endHistory(deps).catch((error) => log.error({ err: error }, 'old history could not be ended and will be'))
}

const startWork = async (deps: Deps, pollMs: number): Promise<() => Promise<void>> => {
  const { database, clock, log } = deps
  // The folder's lock proves that whoever held leases here has died: their work need not wait for the leases to end.
  if (database.kind === 'embedded') await freeLanes(database.system)
  const worker = startWorker({ db: database.system, kinds: workKinds(deps), clock, log, pollMs })
  const sequencer = startSequencer(deps, worker, pollMs, () => house.wake())
  const rounds = startRounds(deps)
  const house = startHourly(clock, () => keepHouse(deps))
  return async () => {
    for (const one of [house, worker, sequencer, ...rounds]) await one.stop()
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
