import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Database } from '../../database/open.ts'
import { makeOutside, numberEvents, type Outside } from './delivering.fixture.ts'
import {
  CreateWebhook,
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  presentWebhook,
  testWebhook,
  updateWebhook,
  Webhook,
} from './index.ts'

let database: Database
let outside: Outside
before(async () => {
  database = await openTestDatabase()
  outside = makeOutside()
})
after(async () => {
  await outside.safeHttp.close()
  await database.close()
})

const url = 'https://example.com/hooks'
const page = { limit: 20, after: null }

const makeCaller = async (options: Parameters<typeof makeCtx>[2] = {}) =>
  makeCtx(database, await makeWorkspace(database, options.mode ?? 'sandbox'), options)

const refusal =
  (code: string, param?: string, words = /./) =>
  (error: unknown) =>
    error instanceof AppError && error.code === code && error.param === param && words.test(error.message)

test('a new webhook is active, and its secret is sealed at rest and in no event', async () => {
  const ctx = await makeCaller()
  const { row, secret } = await createWebhook(ctx, { url, events: ['*', '*'], description: 'Mine' }, outside)
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{40}$/)
  assert.deepEqual(Webhook.parse(presentWebhook(row)).events, ['*'])
  assert.equal(row.status, 'active')
  await updateWebhook(ctx, row.id, { description: null }, outside)
  await numberEvents(database)
  const kept = await ctx.db.selectFrom('webhook_secrets').selectAll().execute()
  const events = await ctx.db.selectFrom('events').select(['type', 'payload']).orderBy('sequence').execute()
  assert.deepEqual(
    events.map(({ type }) => type),
    ['webhook.created', 'webhook.updated'],
  )
  for (const text of [kept[0]!.sealed.toString('latin1'), ...events.map(({ payload }) => payload)])
    assert.ok(!text.includes(secret.slice(6)))
})

test('every name by which an event is known can be subscribed to, and an unknown one is named', async () => {
  const ctx = await makeCaller()
  const events = ['note.made', 'memo.written', 'note.*', 'memo.*', 'test.ping', 'webhook.*']
  assert.deepEqual((await createWebhook(ctx, { url, events }, outside)).row.events, events)
  for (const name of ['note', 'note.*.*', 'nothing.happened', 'notes.*', ''])
    await assert.rejects(
      createWebhook(ctx, { url, events: ['note.made', name] }, outside),
      refusal('BAD_REQUEST', 'events', new RegExp(`'${name.replaceAll('*', '\\*')}'`)),
    )
})

test('a live webhook is https on the public internet; a sandbox one may be on this machine', async () => {
  const live = await makeCaller({ mode: 'live' })
  const sandbox = await makeCaller()
  const closed = { ...outside, settings: { ...outside.settings, sandboxLoopback: false } }
  const local = ['http://127.0.0.1:9000/x', 'http://localhost:9000/', 'http://[::1]:9000/', 'http://example.com/']
  for (const address of local) {
    await createWebhook(sandbox, { url: address, events: ['*'] }, outside)
    await assert.rejects(createWebhook(live, { url: address, events: ['*'] }, outside), refusal('BAD_REQUEST', 'url'))
    await assert.rejects(createWebhook(sandbox, { url: address, events: ['*'] }, closed), refusal('BAD_REQUEST', 'url'))
  }
  const never = ['https://10.0.0.1/', 'https://169.254.169.254/', 'https://0x7f.1/x', 'ftp://example.com', 'not a url']
  const { row } = await createWebhook(live, { url, events: ['*'] }, outside)
  for (const address of never) {
    await assert.rejects(createWebhook(live, { url: address, events: ['*'] }, outside), refusal('BAD_REQUEST', 'url'))
    await assert.rejects(updateWebhook(live, row.id, { url: address }, outside), refusal('BAD_REQUEST', 'url'))
  }
})

test('the plan limits how many webhooks there are, also when they are made at the same time', async () => {
  const ctx = await makeCaller()
  await database.system
    .updateTable('workspaces')
    .set({ plan_id: 'starter' })
    .where('id', '=', ctx.workspaceId)
    .execute()
  const made = await Promise.allSettled([1, 2, 3, 4].map(() => createWebhook(ctx, { url, events: ['*'] }, outside)))
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 2)
  await assert.rejects(createWebhook(ctx, { url, events: ['*'] }, outside), (error) => {
    assert.ok(refusal('FORBIDDEN', undefined, /Starter allows 2 webhooks/)(error))
    assert.deepEqual((error as AppError).details, { plan: 'starter', plan_limit: 'webhooks_max', limit: 2, used: 2 })
    return true
  })
})

test('changes touch the named fields only', async () => {
  const ctx = await makeCaller()
  const { row } = await createWebhook(ctx, { url, events: ['note.made'], description: 'Mine' }, outside)
  const paused = await updateWebhook(ctx, row.id, { status: 'paused' }, outside)
  assert.deepEqual(
    { ...paused, updated_at: row.updated_at },
    { ...(await getWebhook(ctx, row.id)), updated_at: row.updated_at },
  )
  assert.equal(paused.status, 'paused')
  assert.equal(paused.description, 'Mine')
  const moved = await updateWebhook(
    ctx,
    row.id,
    { url: 'https://example.org/', events: ['*'], status: 'active' },
    outside,
  )
  assert.equal(moved.url, 'https://example.org/')
  assert.deepEqual(moved.events, ['*'])
  assert.equal(moved.status, 'active')
  await assert.rejects(updateWebhook(ctx, row.id, { events: ['nope'] }, outside), refusal('BAD_REQUEST', 'events'))
})

test("headers that are ours or the connection's are refused by name", async () => {
  const ctx = await makeCaller()
  for (const name of ['Content-Type', 'host', 'webhook-id', 'Webhook-Signature', 'x-parley-event', 'User-Agent', 'TE'])
    await assert.rejects(
      createWebhook(ctx, { url, events: ['*'], headers: { [name]: 'x' } }, outside),
      refusal('BAD_REQUEST', 'headers', new RegExp(name)),
    )
  await assert.rejects(
    createWebhook(ctx, { url, events: ['*'], headers: { 'X-A': '1', 'x-a': '2' } }, outside),
    refusal('BAD_REQUEST', 'headers', /twice/),
  )
  for (const headers of [{ 'X A': '1' }, { 'X-A': 'a\r\nb' }, { 'X-A': 'ü' }, { '': 'x' }])
    assert.equal(CreateWebhook.safeParse({ url, events: ['*'], headers }).success, false, JSON.stringify(headers))
})

test('a webhook of another workspace is not there', async () => {
  const ctx = await makeCaller()
  const other = await makeCaller()
  const { row } = await createWebhook(ctx, { url, events: ['*'] }, outside)
  await assert.rejects(getWebhook(other, row.id), refusal('NOT_FOUND'))
  await assert.rejects(updateWebhook(other, row.id, { status: 'paused' }, outside), refusal('NOT_FOUND'))
  await assert.rejects(deleteWebhook(other, row.id), refusal('NOT_FOUND'))
  await assert.rejects(testWebhook(other, row.id, outside), refusal('NOT_FOUND'))
  assert.deepEqual((await listWebhooks(other, page)).rows, [])
  await deleteWebhook(ctx, row.id)
  await assert.rejects(getWebhook(ctx, row.id), refusal('NOT_FOUND'))
  await assert.rejects(deleteWebhook(ctx, newId()), refusal('NOT_FOUND'))
})

test('reading and writing webhooks need their scopes', async () => {
  const ctx = await makeCaller()
  const { row } = await createWebhook(ctx, { url, events: ['*'] }, outside)
  const reader = makeCtx(database, ctx.workspaceId, { scopes: ['webhooks:read'] })
  assert.equal((await listWebhooks(reader, page)).rows.length, 1)
  await assert.rejects(createWebhook(reader, { url, events: ['*'] }, outside), refusal('FORBIDDEN'))
  await assert.rejects(updateWebhook(reader, row.id, {}, outside), refusal('FORBIDDEN'))
  await assert.rejects(deleteWebhook(reader, row.id), refusal('FORBIDDEN'))
  await assert.rejects(testWebhook(reader, row.id, outside), refusal('FORBIDDEN'))
  await assert.rejects(
    getWebhook(makeCtx(database, ctx.workspaceId, { scopes: ['events:read'] }), row.id),
    refusal('FORBIDDEN'),
  )
})
