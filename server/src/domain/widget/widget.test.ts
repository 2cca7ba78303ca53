import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { createExtractiveModel } from '../../models/extractive/create-extractive-model.ts'
import { createAgent, updateAgent } from '../agents/index.ts'
import { answer, findReply, type Part } from '../chat/index.ts'
import type { Ctx } from '../context.ts'
import {
  createConversation,
  getConversation,
  getMessage,
  listConversations,
  listMessages,
  openConversation,
} from '../conversations/index.ts'
import {
  createWidgetFormat,
  createWidgetKey,
  findVisit,
  findWidgetKey,
  getWidgetConfig,
  listWidgetKeys,
  mayShow,
  prolongVisit,
  purgeVisits,
  revokeWidgetKey,
  startVisit,
} from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const widgetFormat = createWidgetFormat({ brand: 'ply', pepper: Buffer.alloc(32, 7) })
const dayMs = 86_400_000

const makeCaller = async (): Promise<Ctx> => makeCtx(database, await makeWorkspace(database))

const makePage = async (ctx: Ctx) => {
  const agent = await createAgent(ctx, { name: 'Support' })
  const key = await createWidgetKey(ctx, agent.id, {}, { widgetFormat })
  const page: Ctx = { ...ctx, actor: { type: 'widget_key', id: key.id, agentId: agent.id, scopes: new Set() } }
  return { agent, key, page }
}

const visitorOf = (ctx: Ctx, conversationId: string, agentId: string): Ctx => ({
  ...ctx,
  actor: {
    type: 'visitor',
    conversationId,
    agentId,
    scopes: new Set(['chat:write', 'conversations:read', 'messages:read']),
  },
})

const ask = async (ctx: Ctx, input: Parameters<typeof answer>[1]): Promise<Part[]> => {
  const never = new AbortController().signal
  const model = createExtractiveModel()
  const once = { resourceId: null, note: async () => undefined }
  const models = { default: model, extractive: model }
  const parts: Part[] = []
  const deps = { models, once, remember: async () => undefined, gone: never, stopping: never }
  for await (const part of answer(ctx, input, deps)) parts.push(part)
  return parts
}

test('a widget key leads to its agent until it is revoked, and who did what is kept', async () => {
  const ctx = await makeCaller()
  const { agent, key } = await makePage(ctx)
  const path = { agentId: agent.id, keyId: key.id }
  const holder = await findWidgetKey(database.system, key.key)
  assert.deepEqual([holder?.widgetKeyId, holder?.agentId, holder?.workspaceId], [key.id, agent.id, ctx.workspaceId])
  await revokeWidgetKey(ctx, path)
  await revokeWidgetKey(ctx, path)
  assert.equal(await findWidgetKey(database.system, key.key), undefined)
  const { rows } = await listWidgetKeys(ctx, agent.id, { limit: 20, after: null })
  assert.ok(rows[0]?.revoked_at)
  const ofWorkspace = (table: 'event_outbox' | 'audit_logs') =>
    database.system.selectFrom(table).selectAll().where('workspace_id', '=', ctx.workspaceId).orderBy('id').execute()
  const events = (await ofWorkspace('event_outbox')).map((row) => ('type' in row ? row.type : ''))
  assert.deepEqual(
    events.filter((type) => type.startsWith('widget_key')),
    ['widget_key.created', 'widget_key.revoked'],
  )
  const audited = (await ofWorkspace('audit_logs')).map((row) => ('action' in row ? row.action : ''))
  assert.deepEqual(
    audited.filter((action) => action.startsWith('widget_key')),
    ['widget_key.created', 'widget_key.revoked'],
  )
})

test('a key is found under its own agent alone, and an agent has at most a hundred living ones', async () => {
  const ctx = await makeCaller()
  const { agent, key } = await makePage(ctx)
  const other = await createAgent(ctx, { name: 'Sales' })
  await assert.rejects(revokeWidgetKey(ctx, { agentId: other.id, keyId: key.id }), { code: 'NOT_FOUND' })
  await assert.rejects(createWidgetKey(await makeCaller(), agent.id, {}, { widgetFormat }), { code: 'NOT_FOUND' })
  for (let n = 1; n < 100; n++) await createWidgetKey(ctx, agent.id, {}, { widgetFormat })
  await assert.rejects(createWidgetKey(ctx, agent.id, {}, { widgetFormat }), { code: 'UNPROCESSABLE' })
  await revokeWidgetKey(ctx, { agentId: agent.id, keyId: key.id })
  await createWidgetKey(ctx, agent.id, {}, { widgetFormat })
})

test('only a widget key opens a visit, with its own agent, and not while that is paused', async () => {
  const ctx = await makeCaller()
  await createAgent(ctx, { name: 'First' })
  const { agent, page } = await makePage(ctx)
  await assert.rejects(startVisit(ctx, {}, { widgetFormat }), { code: 'FORBIDDEN' })
  await assert.rejects(getWidgetConfig(ctx), { code: 'FORBIDDEN' })
  const { conversation } = await startVisit(page, { metadata: { page: '/pricing' } }, { widgetFormat })
  assert.deepEqual(
    [conversation.agent_id, conversation.channel, JSON.parse(conversation.metadata)],
    [agent.id, 'widget', { visitor: { page: '/pricing' } }],
  )
  await updateAgent(ctx, agent.id, { status: 'paused' })
  await assert.rejects(startVisit(page, {}, { widgetFormat }), { code: 'CONFLICT' })
  assert.equal((await getWidgetConfig(page)).status, 'paused')
})

test('a visitor meets nothing but their own conversation, whichever verb is asked', async () => {
  const ctx = await makeCaller()
  const { agent, page } = await makePage(ctx)
  const mine = (await startVisit(page, {}, { widgetFormat })).conversation.id
  const theirs = (await startVisit(page, {}, { widgetFormat })).conversation.id
  const visitor = visitorOf(ctx, mine, agent.id)
  const stranger = visitorOf(ctx, theirs, agent.id)
  await createConversation(ctx, {})
  const first = (await ask(visitor, { message: 'Hello', conversation_id: mine })).at(-1)
  assert.equal(first?.type, 'message-end')

  assert.equal((await getConversation(visitor, mine)).id, mine)
  const page20 = { limit: 20, after: null }
  assert.deepEqual(
    (await listConversations(visitor, {}, page20)).rows.map(({ id }) => id),
    [mine],
  )
  const said = (await listMessages(visitor, mine, { ...page20, order: 'asc' })).rows
  assert.deepEqual(
    said.map(({ role }) => role),
    ['user', 'assistant'],
  )
  assert.equal((await findReply(visitor, said[1]!.id)).content, said[1]!.content)

  const missing = { code: 'NOT_FOUND' }
  await assert.rejects(getConversation(stranger, mine), missing)
  await assert.rejects(listMessages(stranger, mine, { ...page20, order: 'asc' }), missing)
  await assert.rejects(getMessage(stranger, said[0]!.id), missing)
  await assert.rejects(findReply(stranger, said[1]!.id), missing)
  await assert.rejects(ask(stranger, { message: 'Hello', conversation_id: mine }), missing)
  await assert.rejects(ask(visitor, { message: 'Hello' }), { code: 'FORBIDDEN' })
  await assert.rejects(openConversation(visitor, ctx.db, { agentId: agent.id, contactId: null, channel: 'widget' }), {
    code: 'FORBIDDEN',
  })
  assert.equal((await listConversations(ctx, {}, page20)).rows.length, 3)
})

test('the agent of a visitor stays the one of their widget, whatever the question names', async () => {
  const ctx = await makeCaller()
  const other = await createAgent(ctx, { name: 'Internal' })
  const { agent, page } = await makePage(ctx)
  const { conversation } = await startVisit(page, {}, { widgetFormat })
  const visitor = visitorOf(ctx, conversation.id, agent.id)
  const [start] = await ask(visitor, { message: 'Hello', conversation_id: conversation.id, agent_id: other.id })
  assert.equal(start?.type, 'message-start')
  const { rows } = await listMessages(ctx, conversation.id, { limit: 20, after: null, order: 'desc' })
  assert.equal(rows[0]?.agent_version_id, agent.current_version_id)
})

test('a secret lives thirty days beyond the last day of its use, and is stored as a hash', async () => {
  const ctx = await makeCaller()
  const { page } = await makePage(ctx)
  const { secret, conversation, expiresAt } = await startVisit(page, {}, { widgetFormat })
  const hash = widgetFormat.hashSecret(secret)
  const rows = await database.system
    .selectFrom('conversation_secrets')
    .selectAll()
    .where('conversation_id', '=', conversation.id)
    .execute()
  assert.ok(!JSON.stringify(rows).includes(secret.slice(4)))
  const later = (days: number) => new Date(expiresAt.getTime() + (days - 30) * dayMs)
  assert.equal((await findVisit(database.system, hash, later(29.9)))?.conversationId, conversation.id)
  assert.equal(await findVisit(database.system, hash, expiresAt), undefined)
  const holder = await findVisit(database.system, hash, later(0.5))
  await prolongVisit(database.system, holder!, later(0.5))
  assert.equal(await findVisit(database.system, hash, later(30.2)), undefined)
  await prolongVisit(database.system, holder!, later(20))
  assert.equal((await findVisit(database.system, hash, later(49.9)))?.conversationId, conversation.id)
  await purgeVisits(database.system, later(49.9))
  assert.ok(await findVisit(database.system, hash, later(1)))
  await purgeVisits(database.system, later(50))
  assert.equal(await findVisit(database.system, hash, later(1)), undefined)
  assert.equal((await getConversation(ctx, conversation.id)).id, conversation.id)
})

test('an agent is shown on its allowed domains, and in the sandbox on this machine', () => {
  const site = {
    workspaceId: '',
    agentId: '',
    requestsPerMinute: null,
    domains: ['shop.example.com', 'localhost.shop'],
  }
  const live = (origin: string) => mayShow({ ...site, mode: 'live' }, origin)
  const sandbox = (origin: string) => mayShow({ ...site, mode: 'sandbox' }, origin)
  for (const origin of ['https://shop.example.com', 'http://shop.example.com', 'https://shop.example.com:8443'])
    assert.ok(live(origin) && sandbox(origin), origin)
  const strangers = [
    'https://example.com',
    'https://www.shop.example.com',
    'https://shop.example.com.evil.test',
    'https://evil.test#shop.example.com',
    'https://shop.example.com/',
    'https://user@shop.example.com',
    'HTTPS://SHOP.EXAMPLE.COM',
    'ftp://shop.example.com',
    'shop.example.com',
    'null',
    '',
    '*',
    'https://shop.example.com.',
    'http://169.254.169.254',
    'http://127.evil.test',
    'file://',
  ]
  for (const origin of strangers) assert.ok(!live(origin) && !sandbox(origin), origin)
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'http://[::1]:8080', 'http://shop.localhost'])
    assert.deepEqual([live(origin), sandbox(origin)], [false, true], origin)
})

test('keys and secrets are told apart by shape and checksum', () => {
  const key = widgetFormat.createKey()
  const secret = widgetFormat.createSecret()
  assert.match(key, /^ply_widget_[0-9A-Za-z]{36}$/)
  assert.match(secret, /^cvs_[0-9A-Za-z]{36}$/)
  assert.deepEqual([widgetFormat.isKey(key), widgetFormat.isSecret(secret)], [true, true])
  assert.deepEqual([widgetFormat.isKey(secret), widgetFormat.isSecret(key)], [false, false])
  const swapped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
  assert.equal(widgetFormat.isKey(swapped), false)
})
