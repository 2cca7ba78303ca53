import { type Client, createClient } from './client.ts'
import type { Cluster } from './cluster.ts'
import { perform, planActs } from './nemesis.ts'
import { pause, type Random, randomOf } from './random.ts'
import { type Character, type Receiver, startReceiver } from './receivers.ts'
import { type Evidence, verify } from './verify.ts'

export type Result = {
  seed: number
  acts: string[]
  violations: string[]
  events: number
  deliveries: number
  /** Deliveries that came again although the receiver had accepted them. */
  duplicates: number
  /** The longest that the steady receiver waited for an event since its request was answered, or since the last crash. */
  stallMs: number
  tookMs: number
}

const writers = 5
const rowsEach = 24
const writePauseMs = 40

type Row = { name: string; id: string | null; at: number | null }

/** Writes numbered rows, each under its own key; a few requests are given up on, whatever became of them. */
const write = async (client: Client, random: Random, seed: number, writer: number, rows: Row[]): Promise<void> => {
  for (let i = 0; i < rowsEach; i++) {
    const row: Row = { name: `Row ${writer}.${i}`, id: null, at: null }
    rows.push(row)
    const request = { body: { name: row.name }, key: `${seed}-${writer}-${i}` }
    if (random() < 0.06) {
      const signal = AbortSignal.timeout(Math.ceil(random() * 8))
      await client.call('POST', '/v1/contacts', { ...request, signal }).catch(() => undefined)
    } else {
      row.id = (await client.insist('POST', '/v1/contacts', request)).body.id
      row.at = performance.now()
    }
    await pause(random() * writePauseMs)
  }
}

/** Reads the log as a consumer does, by the number of the last event it saw. */
const follow = async (client: Client, seen: any[], isOver: () => boolean): Promise<void> => {
  for (;;) {
    const last = isOver()
    const path = `/v1/events?after=${seen.at(-1)?.sequence ?? 0}&limit=100`
    const { body } = await client.insist('GET', path)
    seen.push(...body.data)
    if (last && !body.has_more) return
    await pause(15)
  }
}

const subscribe = async (client: Client, receiver: Receiver, seed: number): Promise<string> => {
  const { character, url } = receiver
  const { body } = await client.insist('POST', '/v1/webhooks', {
    body: { url, events: ['contact.*'], fifo: character === 'fifo' },
    key: `${seed}-webhook-${character}`,
  })
  receiver.expect(body.secret)
  return body.id
}

/** An endpoint that comes late, and asks for what it missed. */
const comeLate = async (client: Client, receiver: Receiver, seed: number) => {
  const id = await subscribe(client, receiver, seed)
  const window = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date().toISOString() }
  const { body } = await client.insist('POST', '/v1/events/backfill', {
    body: { webhook_id: id, ...window, mode: 'missing', max_per_second: 200 },
    key: `${seed}-backfill`,
  })
  return { id, backfillId: body.id as string }
}

const makeWorkspace = async (cluster: Cluster, random: Random, seed: number): Promise<Client> => {
  const agency = createClient(cluster, null, random)
  const { body } = await agency.insist('POST', '/v1/accounts', {
    body: { name: `Seed ${seed}` },
    key: `account-${seed}-${Date.now()}`,
  })
  return createClient(cluster, body.id, random)
}

const quiet = async (receivers: Receiver[], deadline: number, isComplete: () => boolean): Promise<void> => {
  const count = () => receivers.reduce((sum, { receptions }) => sum + receptions.length, 0)
  for (let before = -1; performance.now() < deadline; ) {
    if (isComplete() && count() === before) return
    before = count()
    await pause(250)
  }
}

const characters: readonly Character[] = ['steady', 'flapping', 'fifo', 'slow', 'late']

const acceptedIds = ({ receptions }: Receiver): Set<string> =>
  new Set(receptions.filter(({ accepted }) => accepted).map(({ eventId }) => eventId))

const stallOf = (rows: Row[], events: any[], { receptions }: Receiver, crashes: number[]): number => {
  const firstAt = new Map<string, number>()
  for (const { eventId, at } of receptions) if (!firstAt.has(eventId)) firstAt.set(eventId, at)
  const eventOf = new Map<string, string>(events.map(({ id, data }) => [data.id, id]))
  return rows.reduce((most, { id, at }) => {
    const arrived = id === null ? undefined : firstAt.get(eventOf.get(id) ?? '')
    if (at === null || arrived === undefined) return most
    const since = Math.max(at, ...crashes.filter((crash) => crash < arrived))
    return Math.max(most, arrived - since)
  }, 0)
}

/** Plays one seed in a workspace of its own, and says what was broken. What is not there `patienceMs` after the crashes is lost. */
export const playSeed = async (cluster: Cluster, seed: number, patienceMs = 60_000): Promise<Result> => {
  const startedAt = performance.now()
  const random = randomOf(seed)
  const acts = planActs(random, cluster.crashDatabase === null)
  const receivers = await Promise.all(characters.map((character) => startReceiver(character, randomOf(random() * 1e9))))
  const [steady, , , , late] = receivers as [Receiver, Receiver, Receiver, Receiver, Receiver]
  const violations: string[] = []
  const result = {
    seed,
    acts: acts.map(({ name }) => name),
    violations,
    events: 0,
    deliveries: 0,
    duplicates: 0,
    stallMs: 0,
  }
  try {
    const client = await makeWorkspace(cluster, random, seed)
    const webhookIds: string[] = []
    for (const receiver of receivers) if (receiver !== late) webhookIds.push(await subscribe(client, receiver, seed))
    const rows: Row[] = []
    const seen: any[] = []
    const crashes: number[] = []
    const progress = () => rows.length / (writers * rowsEach)
    let isWritten = false
    const writing = Promise.all([
      perform(cluster, acts, progress, crashes),
      ...Array.from({ length: writers }, (_, writer) =>
        write(client, randomOf(seed * 31 + writer), seed, writer, rows),
      ),
    ]).finally(() => {
      isWritten = true
    })
    const lateWebhook = (async () => {
      while (progress() < 0.4) await pause(5)
      return comeLate(client, late, seed)
    })()
    await Promise.all([writing, lateWebhook, follow(client, seen, () => isWritten)])
    await Promise.all(cluster.members.map(({ ready }) => ready()))
    const contacts = await client.all('/v1/contacts')
    const deadline = performance.now() + patienceMs
    const created = () => seen.filter(({ type }) => type === 'contact.created')
    while (created().length < contacts.length && performance.now() < deadline) await follow(client, seen, () => true)
    await quiet(receivers, deadline, () => receivers.every((receiver) => acceptedIds(receiver).size >= contacts.length))
    const { id: lateId, backfillId } = await lateWebhook
    const evidence: Evidence = {
      client,
      rows,
      contacts,
      seen,
      receivers,
      webhookIds: [...webhookIds, lateId],
      backfillId,
      deadline,
    }
    violations.push(...(await verify(evidence)))
    result.events = seen.length
    for (const receiver of receivers) {
      const accepted = receiver.receptions.filter((reception) => reception.accepted).length
      result.deliveries += acceptedIds(receiver).size
      result.duplicates += accepted - acceptedIds(receiver).size
    }
    result.stallMs = stallOf(rows, created(), steady, crashes)
    violations.push(...client.wrong)
  } catch (error) {
    violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    for (const receiver of receivers) receiver.stop()
    violations.push(...cluster.deaths.splice(0))
  }
  return { ...result, tookMs: performance.now() - startedAt }
}
