import { isDeepStrictEqual } from 'node:util'
import type { Client } from './client.ts'
import { pause } from './random.ts'
import type { Receiver, Reception } from './receivers.ts'

/** What there is to judge by once everything has calmed down. */
export type Evidence = {
  client: Client
  /** What was written: `id` where the answer came. */
  rows: { name: string; id: string | null }[]
  contacts: any[]
  /** The log as it was followed while things broke. */
  seen: any[]
  receivers: Receiver[]
  /** In the order of the receivers. */
  webhookIds: string[]
  backfillId: string
  /** When waiting for more is over. */
  deadline: number
}

const sampledDeliveries = 12

const differences = (what: string, expected: Iterable<string>, found: Iterable<string>): string[] => {
  const [wanted, had] = [new Set(expected), new Set(found)]
  const missing = [...wanted].filter((one) => !had.has(one))
  const extra = [...had].filter((one) => !wanted.has(one))
  return [
    ...(missing.length > 0 ? [`${what}: ${missing.length} missing, such as ${missing.slice(0, 3).join(', ')}`] : []),
    ...(extra.length > 0 ? [`${what}: ${extra.length} too many, such as ${extra.slice(0, 3).join(', ')}`] : []),
  ]
}

const repeated = (what: string, values: string[]): string[] => {
  const twice = values.filter((value, i) => values.indexOf(value) !== i)
  return twice.length > 0 ? [`${what}: ${twice.length} twice, such as ${twice.slice(0, 3).join(', ')}`] : []
}

const judgeRows = ({ rows, contacts }: Evidence): string[] => [
  ...repeated(
    'keys with two effects',
    contacts.map(({ name }) => name),
  ),
  ...differences(
    'acknowledged rows',
    rows.flatMap(({ id, name }) => (id === null ? [] : [`${id} ${name}`])),
    contacts.flatMap(({ id, name }) =>
      rows.some((row) => row.name === name && row.id === null) ? [] : [`${id} ${name}`],
    ),
  ),
]

const judgeLog = async ({ client, contacts, seen }: Evidence): Promise<string[]> => {
  const listed: any[] = []
  for (;;) {
    const { body } = await client.insist('GET', `/v1/events?after=${listed.at(-1)?.sequence ?? 0}&limit=100`)
    listed.push(...body.data)
    if (!body.has_more) break
  }
  const gap = listed.findIndex(({ sequence }, i) => sequence !== i + 1)
  return [
    ...(gap === -1 ? [] : [`the log: after ${gap} comes ${listed[gap].sequence}`]),
    ...(isDeepStrictEqual(
      seen.map(({ id, sequence }) => [id, sequence]),
      listed.map(({ id, sequence }) => [id, sequence]),
    )
      ? []
      : [`the log: whoever followed it saw ${seen.length} events, not these ${listed.length} in this order`]),
    ...repeated(
      'events',
      listed.map(({ id }) => id),
    ),
    ...differences(
      'events of committed rows',
      contacts.map(({ id }) => id),
      listed.filter(({ type }) => type === 'contact.created').map(({ data }) => data.id),
    ),
  ]
}

const judgeOrder = (name: string, receptions: Reception[]): string[] => {
  let done = 0
  for (const { number, accepted } of receptions) {
    if (number === null || number > done + 1) return [`${name}: ${number} came before ${done + 1} was accepted`]
    if (accepted && number === done + 1) done++
  }
  return []
}

const judgeReceptions = ({ seen }: Evidence, { character, receptions, forged }: Receiver): string[] => {
  const name = `the ${character} receiver`
  const events = new Map(seen.filter(({ type }) => type === 'contact.created').map((event) => [event.id, event]))
  const accepted = receptions.filter((reception) => reception.accepted)
  const numbers = new Map<string, number | null>()
  const found: string[] = forged.map((one) => `${name}: not verified: ${one}`)
  for (const { eventId, number, text } of receptions) {
    const event = events.get(eventId)
    if (event && !isDeepStrictEqual(JSON.parse(text), event)) found.push(`${name}: ${eventId} differs from the log`)
    if (numbers.has(eventId) && numbers.get(eventId) !== number)
      found.push(`${name}: ${eventId} came as ${numbers.get(eventId)} and as ${number}`)
    numbers.set(eventId, number)
  }
  found.push(
    ...differences(
      name,
      events.keys(),
      accepted.map(({ eventId }) => eventId),
    ),
  )
  const numbered = [...numbers.values()].filter((number) => number !== null).toSorted((a, b) => a - b)
  const gap = numbered.findIndex((number, i) => number !== i + 1)
  if (gap !== -1) found.push(`${name}: after delivery ${gap} comes ${numbered[gap]}`)
  if (character !== 'late' && numbered.length !== numbers.size) found.push(`${name}: some deliveries have no number`)
  if (character === 'fifo') found.push(...judgeOrder(name, receptions))
  return found
}

const judgeCheckpoint = async (
  { client, deadline }: Evidence,
  receiver: Receiver,
  webhookId: string,
): Promise<string[]> => {
  const highest = receiver.receptions.reduce((most, { number }) => Math.max(most, number ?? 0), 0)
  // The last outcomes may still wait to be written, by whoever takes over the lane.
  for (;;) {
    const { body } = await client.insist('GET', `/v1/webhooks/${webhookId}/checkpoint`)
    const { sequence, delivered_through, missing } = body
    if (sequence === highest && delivered_through === highest && missing.length === 0) return []
    if (performance.now() > deadline)
      return [
        `the ${receiver.character} receiver had ${highest} deliveries, and its checkpoint says ${JSON.stringify(body)}`,
      ]
    await pause(200)
  }
}

const judgeDeliveries = async (
  { client, seen }: Evidence,
  { character, receptions }: Receiver,
  webhookId: string,
): Promise<string[]> => {
  const name = `the ${character} receiver`
  const deliveries = await client.all(`/v1/event-deliveries?webhook_id=${webhookId}`)
  const found = [
    ...differences(
      `deliveries of ${name}`,
      seen.filter(({ type }) => type === 'contact.created').map(({ id }) => id),
      deliveries.map(({ event_id }) => event_id),
    ),
    ...repeated(
      `deliveries of ${name}`,
      deliveries.map(({ event_id }) => event_id),
    ),
    ...deliveries.filter(({ status }) => status !== 'delivered').map(({ id, status }) => `${name}: ${id} is ${status}`),
  ]
  const every = Math.max(1, Math.floor(deliveries.length / sampledDeliveries))
  for (const { id, event_id } of deliveries.filter((_, i) => i % every === 0)) {
    const { attempts } = (await client.insist('GET', `/v1/event-deliveries/${id}`)).body
    const came = receptions.filter(({ eventId }) => eventId === event_id)
    const numbers = [...new Set<number>(attempts.map(({ number }: { number: number }) => number))]
    const answered = attempts.filter(({ http_status }: { http_status: number }) => http_status !== null)
    if (numbers.some((number, i) => number !== i + 1)) found.push(`${name}: ${id} has the attempts ${numbers}`)
    if (attempts.at(-1)?.http_status !== 204) found.push(`${name}: the last attempt of ${id} is none that was accepted`)
    if (answered.length > came.length)
      found.push(`${name}: ${id} has ${answered.length} answered attempts and came ${came.length} times`)
    // A frozen worker may tell afterwards that its attempt was accepted, when another's of that number was refused.
    const settled = numbers.find((number) =>
      attempts.every(
        (one: { number: number; http_status: number }) => one.number !== number || one.http_status === 204,
      ),
    )
    if (settled !== undefined && numbers.at(-1)! > settled)
      found.push(`${name}: ${id} was tried again after attempt ${settled} had been accepted`)
  }
  return found
}

const judgeBackfill = async ({ client, backfillId }: Evidence, { receptions }: Receiver): Promise<string[]> => {
  const { body } = await client.insist('GET', `/v1/backfills/${backfillId}`)
  const brought = new Set(receptions.filter(({ replayed }) => replayed).map(({ eventId }) => eventId)).size
  return body.status === 'completed' && body.enqueued === brought
    ? []
    : [`the backfill brought ${brought} events and says ${JSON.stringify(body)}`]
}

/** Everything that is broken, in words; nothing when all promises hold. */
export const verify = async (evidence: Evidence): Promise<string[]> => {
  const found = [...judgeRows(evidence), ...(await judgeLog(evidence))]
  for (const [i, receiver] of evidence.receivers.entries()) {
    const webhookId = evidence.webhookIds[i]!
    found.push(...judgeReceptions(evidence, receiver))
    found.push(...(await judgeCheckpoint(evidence, receiver, webhookId)))
    found.push(...(await judgeDeliveries(evidence, receiver, webhookId)))
    if (receiver.character === 'late') found.push(...(await judgeBackfill(evidence, receiver)))
  }
  return found
}
