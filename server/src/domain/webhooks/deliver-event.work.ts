import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { AddressPolicy } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { defineWorkKind, type Strain, type WorkItem, type WorkKind } from '../../work/work-kind.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { type CustomHeaders, openHeaders } from './custom-headers.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'
import { type DeliveryWork, readDeliveryWork } from './delivery-work.ts'
import { deliveryKind, deliveryWindow } from './lane.ts'
import { extendedRetrySeconds } from './plan-retry.ts'
import { type Endpoint, endpointName, readEndpoints } from './read-endpoints.ts'
import { sendDelivery } from './send-delivery.ts'
import { settleDeliveries } from './settle-deliveries.ts'
import { createWebhookKeys, type DeliveryKeys, deliveryKeys } from './webhook-keys.ts'

type Outside = {
  safeHttp: SafeHttp
  secretBox: SecretBox
  clock: Clock
  log: Log
  settings: {
    /** `Parley` gives `X-Parley-Signature`. */
    webhookHeaderBrand: string
    sandboxLoopback: boolean
    /** Seconds before each attempt, counted from the failure before it; as many attempts as entries. */
    webhookRetrySeconds: readonly number[]
  }
}

type Tuning = {
  /** Milliseconds for one attempt, the body of the answer included. */
  deadlineMs?: number
  /** Spreads the retries; 0 to 1. */
  random?: () => number
}

type Opened = { keys: DeliveryKeys; customHeaders: CustomHeaders }
type Input = { work: DeliveryWork; endpoint: Endpoint; opened: Opened | null; body: Buffer }

const pausedMs = 1_000
// A change of a webhook is known at once where it was made, and where its signal was missed no later than this.
const freshMs = 250

// Each event's day is in its id: the inner select reads one partition by its key.
const readBodies = async (db: Db, events: { workspaceId: string; id: string }[]): Promise<Map<string, Buffer>> => {
  const wanted = [...new Map(events.map((event) => [endpointName(event.workspaceId, event.id), event])).values()]
  const { rows } = await sql<{ workspace_id: string; id: string; payload: string }>`
    select i.workspace_id, i.id, e.payload
    from unnest(${wanted.map((event) => event.workspaceId)}::uuid[], ${wanted.map((event) => event.id)}::uuid[],
      ${wanted.map((event) => timeOfId(event.id))}::timestamptz[]) as i (workspace_id, id, created_at)
    cross join lateral (
      select payload from events e
      where e.workspace_id = i.workspace_id and e.created_at = i.created_at and e.id = i.id limit 1
    ) e`.execute(db)
  return new Map(rows.map((row) => [endpointName(row.workspace_id, row.id), Buffer.from(row.payload)]))
}

// Read ahead before the cancellation took back what waits, they are in nobody's table any more.
const readCanceled = async (
  db: Db,
  items: readonly WorkItem[],
  works: readonly DeliveryWork[],
): Promise<Set<string>> => {
  const wanted = new Map<string, string>()
  for (const [i, { trigger, backfill_id }] of works.entries())
    if (trigger === 'backfill' && backfill_id) wanted.set(backfill_id, items[i]!.workspaceId)
  if (wanted.size === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    select b.id from unnest(${[...wanted.values()]}::uuid[], ${[...wanted.keys()]}::uuid[]) as i (workspace_id, id)
    join backfills b on b.workspace_id = i.workspace_id and b.id = i.id where b.status = 'canceled'`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

// A refusal of the event says nothing of the endpoint's strength; silence, overload and broken connections do.
const strainOf = (result: DeliveryOutcome): Strain => {
  if (result.outcome !== 'attempted') return 'unknown'
  const { errorCode, httpStatus } = result.attempt
  if (errorCode === null) return 'none'
  if (errorCode === 'http_error') return httpStatus === 429 || (httpStatus ?? 0) >= 500 ? 'strained' : 'unknown'
  return errorCode === 'interrupted' ? 'unknown' : 'strained'
}

/** Delivers events to webhooks: signs, posts, records every attempt, and tries again by the schedule. */
export const createDeliveryKind = (outside: Outside, tuning: Tuning = {}): WorkKind => {
  const { safeHttp, secretBox, clock, log, settings } = outside
  const { deadlineMs = 15_000, random = Math.random } = tuning
  const policies: Record<'live' | 'sandbox', AddressPolicy> = {
    live: outgoingPolicy('live', settings),
    sandbox: outgoingPolicy('sandbox', settings),
  }
  const keysOf = createWebhookKeys(secretBox)
  const schedules = { standard: settings.webhookRetrySeconds, extended: extendedRetrySeconds }

  const open = ({ id, secrets, legacy_version, sealed_headers }: Endpoint): Opened | null => {
    try {
      return {
        keys: deliveryKeys(secrets, legacy_version, (secret) => keysOf(id, secret)),
        customHeaders: openHeaders(secretBox, id, sealed_headers),
      }
    } catch (error) {
      log.error({ err: error, webhook: id }, 'the secrets of a webhook could not be opened')
      return null
    }
  }

  return defineWorkKind<Input, DeliveryOutcome>({
    kind: deliveryKind,
    window: deliveryWindow,
    strainOf,
    freshMs,

    prepare: async (db, items) => {
      const works = items.map((item) => readDeliveryWork(item.payload))
      const events = works.map((work, i) => ({ workspaceId: items[i]!.workspaceId, id: work.event_id }))
      const [endpoints, bodies, canceled] = await Promise.all([
        readEndpoints(db, items, clock.now()),
        readBodies(db, events),
        readCanceled(db, items, works),
      ])
      const opened = new Map([...endpoints].map(([name, endpoint]) => [name, open(endpoint)]))
      return items.map(({ workspaceId, key }, i) => {
        const work = works[i]!
        if (work.trigger === 'backfill' && work.backfill_id && canceled.has(work.backfill_id)) return null
        const name = endpointName(workspaceId, key)
        const endpoint = endpoints.get(name)
        const body = bodies.get(endpointName(workspaceId, work.event_id))
        return endpoint && body ? { work, endpoint, body, opened: opened.get(name) ?? null } : null
      })
    },

    run: async (item, { work, endpoint, opened, body }, signal) => {
      if (endpoint.status !== 'active') {
        // The lane was leased before the pause and is lost at its next renewal; until then its items step back in line.
        await delay(pausedMs, undefined, { signal }).catch(() => undefined)
        return { outcome: 'postponed', work }
      }
      if (!opened) return { outcome: 'unsigned', work }
      const at = clock.now()
      const outgoing = {
        url: endpoint.url,
        policy: policies[endpoint.mode],
        ...opened,
        number: item.number ?? work.number,
        eventId: toWireId('event', work.event_id),
        eventType: work.event_type,
        body,
        deliveryId: item.id,
        attempt: work.attempts + 1,
        replay: work.trigger !== 'event',
      }
      const attempt = await sendDelivery(outgoing, at, {
        http: safeHttp,
        brand: settings.webhookHeaderBrand,
        deadlineMs,
        signal,
      })
      if (attempt.errorCode === 'interrupted' && !attempt.written) return { outcome: 'postponed', work }
      return {
        outcome: 'attempted',
        work,
        attempt,
        policy: endpoint.retry_policy,
        inTrouble: endpoint.in_trouble,
        version: endpoint.endpoint_version,
        promote: attempt.promoted,
      }
    },

    settle: (tx, finished) => settleDeliveries(tx, finished, { clock, log, schedules, random }),
  })
}
