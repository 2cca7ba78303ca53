import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { AddressPolicy } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import { timeOfId, toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { SigningKeys } from '../../base/signature.ts'
import type { Db } from '../../database/open.ts'
import { defineWorkKind, type WorkItem, type WorkKind } from '../../work/work-kind.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { type DeliveryWork, readDeliveryWork } from './delivery-work.ts'
import { deliveryKind } from './lane.ts'
import { sendDelivery } from './send-delivery.ts'
import { type DeliveryOutcome, settleDeliveries } from './settle-deliveries.ts'
import { createWebhookKeys } from './webhook-keys.ts'

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

type Endpoint = {
  workspace_id: string
  id: string
  url: string
  status: 'active' | 'paused' | 'disabled'
  mode: 'live' | 'sandbox'
  version: number
  sealed: Buffer
}

type Input = { work: DeliveryWork; endpoint: Endpoint; keys: SigningKeys | null; body: Buffer }

const window = 8
const pausedMs = 1_000

const nameOf = (workspaceId: string, id: string) => `${workspaceId} ${id}`

const readEndpoints = async (db: Db, items: WorkItem[]): Promise<Map<string, Endpoint>> => {
  const lanes = [...new Map(items.map((item) => [nameOf(item.workspaceId, item.key), item])).values()]
  const { rows } = await sql<Endpoint>`
    select w.workspace_id, w.id, w.url, w.status, o.mode, s.version, s.sealed
    from unnest(${lanes.map((lane) => lane.workspaceId)}::uuid[], ${lanes.map((lane) => lane.key)}::uuid[]) as i (workspace_id, id)
    join webhooks w on w.workspace_id = i.workspace_id and w.id = i.id
    join workspaces o on o.id = w.workspace_id
    join webhook_secrets s on s.workspace_id = w.workspace_id and s.webhook_id = w.id and s.state = 'current'`.execute(
    db,
  )
  return new Map(rows.map((row) => [nameOf(row.workspace_id, row.id), row]))
}

// Each event's day is in its id: the inner select reads one partition by its key.
const readBodies = async (db: Db, events: { workspaceId: string; id: string }[]): Promise<Map<string, Buffer>> => {
  const wanted = [...new Map(events.map((event) => [nameOf(event.workspaceId, event.id), event])).values()]
  const { rows } = await sql<{ workspace_id: string; id: string; payload: string }>`
    select i.workspace_id, i.id, e.payload
    from unnest(${wanted.map((event) => event.workspaceId)}::uuid[], ${wanted.map((event) => event.id)}::uuid[],
      ${wanted.map((event) => timeOfId(event.id))}::timestamptz[]) as i (workspace_id, id, created_at)
    cross join lateral (
      select payload from events e
      where e.workspace_id = i.workspace_id and e.created_at = i.created_at and e.id = i.id limit 1
    ) e`.execute(db)
  return new Map(rows.map((row) => [nameOf(row.workspace_id, row.id), Buffer.from(row.payload)]))
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

  const openKeys = ({ id, version, sealed }: Endpoint): SigningKeys | null => {
    try {
      return keysOf(id, version, sealed)
    } catch (error) {
      log.error({ err: error, webhook: id }, 'the secret of a webhook could not be opened')
      return null
    }
  }

  return defineWorkKind<Input, DeliveryOutcome>({
    kind: deliveryKind,
    window,

    prepare: async (db, items) => {
      const works = items.map((item) => readDeliveryWork(item.payload))
      const events = works.map((work, i) => ({ workspaceId: items[i]!.workspaceId, id: work.event_id }))
      const [endpoints, bodies] = await Promise.all([readEndpoints(db, items), readBodies(db, events)])
      return items.map(({ workspaceId, key }, i) => {
        const work = works[i]!
        const endpoint = endpoints.get(nameOf(workspaceId, key))
        const body = bodies.get(nameOf(workspaceId, work.event_id))
        return endpoint && body ? { work, endpoint, body, keys: openKeys(endpoint) } : null
      })
    },

    run: async (item, { work, endpoint, keys, body }, signal) => {
      if (endpoint.status === 'disabled') return { outcome: 'skipped', work }
      if (endpoint.status === 'paused') {
        // The lane was leased before the pause and is lost at its next renewal; until then its items step back in line.
        await delay(pausedMs, undefined, { signal }).catch(() => undefined)
        return { outcome: 'postponed', work }
      }
      if (!keys) return { outcome: 'unsigned', work }
      const at = clock.now()
      const outgoing = {
        url: endpoint.url,
        policy: policies[endpoint.mode],
        keys,
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
      return { outcome: 'attempted', work, attempt }
    },

    settle: (tx, finished) =>
      settleDeliveries(tx, finished, { clock, log, schedule: settings.webhookRetrySeconds, random }),
  })
}
