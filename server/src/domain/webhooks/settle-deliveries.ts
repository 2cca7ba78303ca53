import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { timeOfId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import type { Again, Finished } from '../../work/work-kind.ts'
import { type Ended, noteFinished } from './backfills/note-finished.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'
import { disableWebhooks } from './disable-webhooks.ts'
import { costsNothing, type Final, type Judging, judgeDelivery } from './judge-delivery.ts'
import { noteTroubles, type Showing } from './note-troubles.ts'
import { noteUndelivered, type Way } from './note-undelivered.ts'
import { readOutdated } from './read-outdated.ts'
import { type Entry, insertAttempts, insertDeliveries } from './write-deliveries.ts'

type Settling = Omit<Judging, 'outdated'> & { clock: Clock; log: Log }

const wasAttempted = (entry: Finished<DeliveryOutcome>): entry is Entry => entry.result.outcome === 'attempted'

const endedOf = (finals: Final[], written: ReadonlySet<string>): Ended[] =>
  finals.flatMap(({ item, work, status }) =>
    work.backfill_id !== undefined && written.has(item.id)
      ? [
          {
            workspaceId: item.workspaceId,
            backfillId: work.backfill_id,
            status,
            isItsOwn: work.trigger === 'backfill',
          },
        ]
      : [],
  )

// Webhooks that are well and stay well cost nothing here.
const showingsOf = (entries: Entry[], finals: Final[]): Showing[] => {
  const failedForGood = new Set(finals.filter(({ status }) => status === 'failed').map(({ item }) => item.id))
  const groups = Map.groupBy(entries, ({ item }) => `${item.workspaceId} ${item.key}`)
  return [...groups.values()].flatMap((group) => {
    const failed = group.filter(
      ({ result }) => !costsNothing(result.attempt.errorCode) && result.attempt.errorCode !== null,
    )
    const delivered = group.some(({ result }) => result.attempt.errorCode === null)
    if (failed.length === 0 && !group.some(({ result }) => result.inTrouble)) return []
    const { workspaceId, kind, key } = group[0]!.item
    const failedDeliveries = failed.filter(({ item }) => failedForGood.has(item.id)).length
    const failedSince = new Date(Math.min(...group.map(({ item }) => timeOfId(item.id).getTime())))
    return [{ workspaceId, kind, key, failedAttempts: failed.length, failedDeliveries, failedSince, delivered }]
  })
}

// Null stands for the current secret, which another rotation may have changed since.
const promoteLegacy = async (tx: Db, entries: Entry[]): Promise<void> => {
  const accepted = entries.flatMap(({ item, result: { promote } }) =>
    promote === null ? [] : [[`${item.workspaceId} ${item.key}`, { item, version: promote }] as const],
  )
  if (accepted.length === 0) return
  // One of each webhook, the last.
  const chosen = [...new Map(accepted).values()]
  await sql`
    update webhooks w set legacy_version = (
      select s.version from webhook_secrets s
      where s.workspace_id = w.workspace_id and s.webhook_id = w.id and s.version = a.version and s.state = 'previous')
    from unnest(${chosen.map(({ item }) => item.workspaceId)}::uuid[], ${chosen.map(({ item }) => item.key)}::uuid[],
      ${chosen.map(({ version }) => version)}::smallint[]) as a (workspace_id, id, version)
    where w.workspace_id = a.workspace_id and w.id = a.id`.execute(tx)
}

const wayOf = ({ item, result }: Entry): Way => ({
  workspaceId: item.workspaceId,
  webhookId: item.key,
  eventId: result.work.event_id,
})

// What arrives at the first attempt was never missing.
const waysOf = (entries: Entry[]): { failed: Way[]; arrived: Way[] } => {
  const settled = entries.filter(({ stale, result }) => !stale && result.attempt.errorCode !== 'interrupted')
  return {
    // Once is enough: it stays on the account until it arrives.
    failed: settled
      .filter(({ result: { attempt, work } }) => attempt.errorCode !== null && work.failures === 0)
      .map(wayOf),
    arrived: settled
      .filter(
        ({ result: { attempt, work } }) => attempt.errorCode === null && (work.attempts > 0 || work.generation > 0),
      )
      .map(wayOf),
  }
}

const webhookOf = ({ item }: Entry): string => `${item.workspaceId} ${item.key}`

// Where all took their events and were well before, they say nothing that another endpoint could contradict.
const findOutdated = async (tx: Db, entries: Entry[]): Promise<Set<string>> => {
  const current = entries.filter(({ stale }) => !stale)
  const telling = new Set(
    current
      .filter(
        ({ result: { attempt, inTrouble, promote } }) => attempt.errorCode !== null || inTrouble || promote !== null,
      )
      .map(webhookOf),
  )
  const sent = current
    .filter((entry) => telling.has(webhookOf(entry)))
    .map(({ item, result }) => ({ item, version: result.version }))
  const isOutdated = await readOutdated(tx, sent)
  return new Set(sent.filter(isOutdated).map(({ item }) => item.id))
}

/**
 * Writes what became of a batch and says what comes again. A stale outcome leaves its attempt as evidence, nothing else. One
 * of an endpoint that the webhook has no more is told of nobody, and a failure there costs the delivery no attempt.
 */
export const settleDeliveries = async (
  tx: Db,
  finished: Finished<DeliveryOutcome>[],
  options: Settling,
): Promise<Again[]> => {
  const now = options.clock.now()
  const attempted = finished.filter(wasAttempted)
  const outdated = await findOutdated(tx, attempted)
  const judging = { ...options, outdated }
  const verdicts = finished.filter(({ stale }) => !stale).map((entry) => judgeDelivery(entry, now, judging))
  const finals = verdicts.flatMap((verdict) => ('final' in verdict ? [verdict.final] : []))
  await insertAttempts(tx, attempted)
  const written = await insertDeliveries(tx, finals, now)
  await noteFinished(tx, endedOf(finals, written))
  await noteUndelivered(tx, waysOf(attempted))
  const telling = attempted.filter(({ stale, item }) => !stale && !outdated.has(item.id))
  const gone = telling.filter(({ result }) => result.attempt.errorCode === 'endpoint_gone').map(({ item }) => item)
  await disableWebhooks(tx, gone, 'endpoint_gone', options)
  await noteTroubles(tx, showingsOf(telling, finals), options)
  await promoteLegacy(tx, telling)
  return verdicts.flatMap((verdict) => ('again' in verdict ? [verdict.again] : []))
}
