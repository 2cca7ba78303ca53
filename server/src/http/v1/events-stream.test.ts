import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { makeCtx } from '../../../test/make.ts'
import { transaction } from '../../database/transaction.ts'
import { contactDeleted } from '../../domain/contacts/events.ts'
import type { Ctx } from '../../domain/context.ts'
import { recordEvent } from '../../domain/events/index.ts'

let app: TestApp
let origin: string
before(async () => {
  app = await openTestApp({ background: true })
  origin = await app.listen()
})
after(() => app.close())

type Frame = {
  id: string | undefined
  event: string | undefined
  data: string | undefined
  comment: string | undefined
}

const parse = (block: string): Frame => {
  const line = (name: string) =>
    block
      .split('\n')
      .find((text) => text.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  return { id: line('id'), event: line('event'), data: line('data'), comment: line('') }
}

/** A reader of a stream: what it was told so far, and how to stop reading without hanging up. */
type Reader = {
  incoming: IncomingMessage
  frames: Frame[]
  events: () => Frame[]
  ended: Promise<unknown>
  close: () => void
}

const openStream = async (key: string, query = '', headers: Record<string, string> = {}): Promise<Reader> => {
  const request = get(`${origin}/v1/events/stream${query}`, {
    agent: false,
    headers: { authorization: `Bearer ${key}`, ...headers },
  })
  const [incoming] = (await once(request, 'response')) as [IncomingMessage]
  const frames: Frame[] = []
  let rest = ''
  incoming.setEncoding('utf8')
  incoming.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    frames.push(...blocks.map(parse))
  })
  incoming.on('error', () => undefined)
  request.on('error', () => undefined)
  return {
    incoming,
    frames,
    events: () => frames.filter(({ data }) => data !== undefined),
    ended: new Promise((resolve) => incoming.once('close', resolve)),
    close: () => request.destroy(),
  }
}

// The test's own time limit ends a wait for what never comes.
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const deleted = (n: number) => ({
  subject: { type: 'contact', id: null },
  data: { id: `cnt_${String(n).padStart(26, '0')}`, deleted_at: '2026-03-11T11:22:00.000Z' },
})

const record = async (ctx: Ctx, count: number, from = 0): Promise<void> => {
  for (let n = from; n < from + count; n += 500)
    await transaction(ctx.db, async (tx) => {
      for (let i = n; i < Math.min(n + 500, from + count); i++) await recordEvent(ctx, tx, contactDeleted, deleted(i))
    })
}

const lastOf = async ({ workspaceId }: Ctx): Promise<number> => {
  const row = await app.database.system
    .selectFrom('event_sequences')
    .select('last')
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  return Number(row?.last ?? 0)
}

const makeScene = async () => {
  const workspaceId = await app.makeWorkspace()
  const ctx = makeCtx(app.database, workspaceId)
  return {
    ctx,
    key: await app.makeKey({ workspaceId }),
    numbered: (n: number) => until(async () => (await lastOf(ctx)) >= n),
  }
}

const sequences = (reader: Reader) => reader.events().map(({ id }) => Number(id))
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

test('a stream begins with what comes, and each frame is the event to the letter', { timeout: 30_000 }, async () => {
  const { ctx, key, numbered } = await makeScene()
  await record(ctx, 3)
  await numbered(3)
  const reader = await openStream(key)
  assert.match(String(reader.incoming.headers['content-type']), /^text\/event-stream/)
  await until(() => reader.frames.length > 0)
  assert.deepEqual([reader.frames[0]!.id, reader.frames[0]!.data], ['3', undefined])
  await record(ctx, 2, 3)
  await until(() => reader.events().length === 2)
  assert.deepEqual(sequences(reader), [4, 5])
  const stored = await ctx.db
    .selectFrom('events')
    .select('payload')
    .where('sequence', '=', 4)
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  assert.equal(reader.events()[0]!.data, stored.payload)
  assert.equal(reader.events()[0]!.event, 'contact.deleted')
  reader.close()
})

test('a reader goes on behind the number it saw last, by header before query, or from the oldest', {
  timeout: 30_000,
}, async () => {
  const { ctx, key, numbered } = await makeScene()
  await record(ctx, 250)
  await numbered(250)
  const whole = await openStream(key, '?after=0&follow=false')
  await whole.ended
  assert.deepEqual(sequences(whole), upTo(250))
  assert.equal(whole.frames.at(-1)!.comment, 'the end of the log')
  const rest = await openStream(key, '?after=0&follow=false', { 'last-event-id': '247' })
  await rest.ended
  assert.deepEqual(sequences(rest), [248, 249, 250])
  const { status } = await app.call('GET', '/v1/events/stream?follow=false', {
    key,
    headers: { 'last-event-id': 'evt_1' },
  })
  assert.equal(status, 400)
})

test('a number that no event of the workspace has yet is refused, and the list is empty there', {
  timeout: 30_000,
}, async () => {
  const { ctx, key, numbered } = await makeScene()
  await record(ctx, 3)
  await numbered(3)
  const atEnd = await openStream(key, '?after=3&follow=false')
  await atEnd.ended
  assert.deepEqual([atEnd.incoming.statusCode, atEnd.events()], [200, []])
  const refusals = [
    await app.call('GET', '/v1/events/stream?after=4', { key }),
    await app.call('GET', '/v1/events/stream?after=0', { key, headers: { 'last-event-id': '4' } }),
  ]
  for (const { status, text } of refusals) {
    assert.deepEqual([status, JSON.parse(text).error.details], [400, { newest_sequence: 3 }])
    assert.match(JSON.parse(text).error.message, /the newest of this workspace is 3\./)
  }
  const { data, has_more } = (await app.call('GET', '/v1/events?after=4', { key })).json<{
    data: unknown[]
    has_more: boolean
  }>()
  assert.deepEqual([data, has_more], [[], false])
})

test('a filter lets through what it names, and the place moves on past the rest', { timeout: 30_000 }, async () => {
  const { ctx, key, numbered } = await makeScene()
  await record(ctx, 1_200)
  const { id } = (await app.call('POST', '/v1/contacts', { key, body: { name: 'Ada' } })).json<{ id: string }>()
  await numbered(1_201)
  const byType = await openStream(key, '?after=0&type=customer.created')
  await until(() => byType.events().length === 1)
  assert.equal(byType.events()[0]!.id, '1201')
  const bySubject = await openStream(key, `?subject=${id}`)
  await until(() => bySubject.frames.length === 1)
  await app.call('PATCH', `/v1/contacts/${id}`, { key, body: { name: 'Ada L' } })
  await until(() => bySubject.events().length === 1)
  assert.equal(bySubject.events()[0]!.event, 'contact.updated')
  const nothing = await openStream(key, '?after=0&type=invite.created&follow=false')
  await nothing.ended
  assert.deepEqual(nothing.events(), [])
  assert.ok(nothing.frames.some((frame) => frame.id === '1202'))
  assert.equal((await app.call('GET', '/v1/events/stream?type=nope', { key })).status, 400)
  byType.close()
  bySubject.close()
})

test('whoever stops reading while 20,000 events come holds up nobody, and then misses none', {
  timeout: 120_000,
}, async () => {
  const { ctx, key, numbered } = await makeScene()
  const slow = await openStream(key)
  await until(() => slow.frames.length > 0)
  slow.incoming.pause()
  const quick = await openStream(key)
  const total = 20_000
  await record(ctx, total)
  await numbered(total)
  await until(() => quick.events().length === total)
  assert.deepEqual(sequences(quick), upTo(total))
  assert.ok(slow.events().length < total)
  slow.incoming.resume()
  await until(() => slow.events().length === total)
  assert.deepEqual(sequences(slow), upTo(total))
  slow.close()
  quick.close()
})

test('fifty readers of one log all get all of it, and a key may have ten', { timeout: 60_000 }, async () => {
  const { ctx, key, numbered } = await makeScene()
  const keys = await Promise.all(Array.from({ length: 5 }, () => app.makeKey({ workspaceId: ctx.workspaceId })))
  const readers = await Promise.all(Array.from({ length: 50 }, (_, i) => openStream(i < 10 ? key : keys[i % 5]!)))
  await until(() => readers.every(({ frames }) => frames.length > 0))
  await record(ctx, 300)
  await numbered(300)
  await until(() => readers.every((reader) => reader.events().length === 300))
  for (const reader of readers) assert.deepEqual(sequences(reader), upTo(300))
  const refused = await app.call('GET', '/v1/events/stream', { key })
  assert.equal(refused.status, 429)
  assert.ok(refused.headers['retry-after'])
  readers[0]!.close()
  let freed: Reader | undefined
  await until(async () => {
    freed = await openStream(key)
    return freed.incoming.statusCode === 200
  })
  for (const reader of [...readers, freed!]) reader.close()
})

test('a key that may no longer be used from there ends its streams', { timeout: 30_000 }, async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const body = { name: 'Reader', scopes: ['events:read'] }
  const minted = (await app.call('POST', '/v1/api-keys', { key, body })).json<{ id: string; key: string }>()
  const stream = await openStream(minted.key)
  await until(() => stream.frames.length > 0)
  await app.call('PATCH', `/v1/api-keys/${minted.id}`, { key, body: { allowed_addresses: ['203.0.113.7'] } })
  await stream.ended
  assert.equal(stream.frames.at(-1)!.comment, 'the credential no longer allows this')
})

test('a revoked key ends its streams, and leaves those of others open', { timeout: 30_000 }, async () => {
  const { ctx, key } = await makeScene()
  const minted = (
    await app.call('POST', '/v1/api-keys', { key, body: { name: 'Reader', scopes: ['events:read'] } })
  ).json<{ id: string; key: string }>()
  const [revoked, other] = [await openStream(minted.key), await openStream(key)]
  await until(() => revoked.frames.length > 0)
  await app.call('DELETE', `/v1/api-keys/${minted.id}`, { key })
  await revoked.ended
  assert.equal(revoked.frames.at(-1)!.comment, 'the credential no longer allows this')
  await record(ctx, 1)
  await until(() => other.events().some(({ event }) => event === 'contact.deleted'))
  other.close()
})

test('what a workspace is told another never hears', { timeout: 30_000 }, async () => {
  const [own, foreign] = [await makeScene(), await makeScene()]
  const [reader, stranger] = [await openStream(own.key), await openStream(foreign.key)]
  await until(() => reader.frames.length > 0 && stranger.frames.length > 0)
  await record(own.ctx, 5)
  await until(() => reader.events().length === 5)
  await record(foreign.ctx, 1)
  await until(() => stranger.events().length > 0)
  assert.deepEqual(sequences(stranger), [1])
  reader.close()
  stranger.close()
})

test('a server that stops says so to its readers and does not wait for them', { timeout: 30_000 }, async () => {
  const stopping = await openTestApp({ database: app.database, background: false })
  const workspaceId = await stopping.makeWorkspace()
  const key = await stopping.makeKey({ workspaceId })
  const elsewhere = await stopping.listen()
  const request = get(`${elsewhere}/v1/events/stream`, { agent: false, headers: { authorization: `Bearer ${key}` } })
  request.on('error', () => undefined)
  const [incoming] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  incoming.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  incoming.on('error', () => undefined)
  await until(() => text !== '')
  stopping.stop()
  await until(() => text.includes('the server is stopping'))
  await stopping.close()
})

test('a stream leaves one row in the request log, and HEAD is answered at once', { timeout: 30_000 }, async () => {
  const { key } = await makeScene()
  const reader = await openStream(key, '?follow=false&after=0')
  await reader.ended
  const head = await app.call('HEAD', '/v1/events/stream', { key })
  assert.deepEqual([head.status, head.text], [200, ''])
  const rows = async () => {
    await app.deps.requestRecorder.flush()
    return (await app.call('GET', '/v1/request-logs', { key })).json<{ data: { route: string; method: string }[] }>()
      .data
  }
  await until(async () => (await rows()).filter(({ route }) => route === '/v1/events/stream').length === 2)
})
