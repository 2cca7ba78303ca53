import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { z } from 'zod'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { AppError } from '../../base/errors.ts'
import { newId, timeOfId, toWireId } from '../../base/ids.ts'
import type { Database } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import type { Ctx } from '../context.ts'
import { SubjectInput } from './contract.ts'
import {
  defineEvent,
  Event,
  type EventPage,
  getEvent,
  listEvents,
  presentEvent,
  recordEvent,
  sequenceEvents,
} from './index.ts'

const data = z.object({ n: z.number() })
const example = { n: 1 }
const ran = defineEvent({ type: 'job.run.completed', aliases: ['job.run'], description: 'A job ran.', data, example })
const stopped = defineEvent({ type: 'job.stopped', description: 'A job was stopped.', data, example })
const made = defineEvent({ type: 'note.made', description: 'A note was made.', data, example })
const eventTypes = [ran, stopped, made]

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

const makeCaller = async () => makeCtx(database, await makeWorkspace(database))

const record = (ctx: Ctx, event: typeof ran, n: number, subject = newId()) =>
  transaction(ctx.db, (tx) => recordEvent(ctx, tx, event, { subject: { type: 'note', id: subject }, data: { n } }))

const number = () => sequenceEvents(database.system, async () => 0)

const newest: EventPage = { limit: 100, order: 'newest', beyond: null }
const oldest: EventPage = { limit: 100, order: 'oldest', beyond: 0 }

const list = async (ctx: Ctx, filter: Parameters<typeof listEvents>[1] = {}, page = newest) =>
  (await listEvents(ctx, filter, page, { eventTypes })).rows.map((row) => Event.parse(presentEvent(row)))

const refusal = (code: string, param?: string) => (error: unknown) =>
  error instanceof AppError && error.code === code && error.param === param

test('the log is read newest first, or followed upwards from a sequence number', async () => {
  const ctx = await makeCaller()
  for (let n = 1; n <= 7; n++) await record(ctx, made, n)
  assert.deepEqual(await list(ctx), [])
  await number()
  const sequences = async (page: EventPage) => (await list(ctx, {}, page)).map(({ sequence }) => sequence)
  assert.deepEqual(await sequences(newest), [7, 6, 5, 4, 3, 2, 1])
  assert.deepEqual(await sequences({ ...newest, limit: 3, beyond: 5 }), [4, 3, 2])
  assert.deepEqual(await sequences(oldest), [1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(await sequences({ ...oldest, limit: 2, beyond: 4 }), [5, 6])
  assert.deepEqual(await sequences({ ...oldest, beyond: 7 }), [])
  await record(ctx, made, 8)
  await number()
  assert.deepEqual(await sequences({ ...oldest, beyond: 7 }), [8])
})

test('types are found by name, alias and family; a name that no event has is refused', async () => {
  const ctx = await makeCaller()
  for (const event of [ran, stopped, made]) await record(ctx, event, 1)
  await number()
  const types = async (type: string) => (await list(ctx, { type })).map((event) => event.type)
  assert.deepEqual(await types('job.run.completed'), ['job.run.completed'])
  assert.deepEqual(await types('job.run'), ['job.run.completed'])
  assert.deepEqual(await types('job.*'), ['job.stopped', 'job.run.completed'])
  assert.deepEqual(await types('job.run.*'), ['job.run.completed'])
  assert.equal((await types('*')).length, 3)
  await assert.rejects(list(ctx, { type: 'job' }), refusal('BAD_REQUEST', 'type'))
})

test('events are found by what they are about and when they happened', async () => {
  const ctx = await makeCaller()
  const subject = newId()
  const ids = [await record(ctx, made, 1, subject), await record(ctx, ran, 2), await record(ctx, ran, 3, subject)]
  await number()
  assert.deepEqual(
    (await list(ctx, { subject })).map(({ data: { n } }) => n),
    [3, 1],
  )
  for (const form of [subject, toWireId('contact', subject), toWireId('conversation', subject).toUpperCase()])
    assert.equal(SubjectInput.parse(form), subject)
  assert.equal(SubjectInput.safeParse('contact').success, false)
  const from = timeOfId(ids[2]!)
  const until = new Date(from.getTime() + 1)
  assert.ok((await list(ctx, { from, to: until })).some(({ id }) => id === toWireId('event', ids[2]!)))
  assert.deepEqual(await list(ctx, { from: until }), [])
  assert.deepEqual(await list(ctx, { to: timeOfId(ids[0]!) }), [])
})

test('one event is read by its id, exactly as it is stored, and only in its own workspace', async () => {
  const ctx = await makeCaller()
  const id = await record(ctx, made, 1)
  await assert.rejects(getEvent(ctx, id), refusal('NOT_FOUND'))
  await number()
  const row = await getEvent(ctx, id)
  assert.equal(JSON.stringify(presentEvent(row)), row.payload)
  const event = Event.parse(presentEvent(row))
  assert.deepEqual([event.id, event.type, event.sequence], [event.event_id, event.event, 1])
  const other = await makeCaller()
  await assert.rejects(getEvent(other, id), refusal('NOT_FOUND'))
  assert.deepEqual(await list(other), [])
  const stranger = makeCtx(database, ctx.workspaceId, { scopes: ['webhooks:write'] })
  await assert.rejects(getEvent(stranger, id), refusal('FORBIDDEN'))
  await assert.rejects(list(stranger), refusal('FORBIDDEN'))
})
