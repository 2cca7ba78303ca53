import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import {
  Contact,
  CreateContact,
  createContact,
  deleteContact,
  getContact,
  listContacts,
  presentContact,
  UpdateContact,
  updateContact,
} from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const makeCaller = async () => makeCtx(database, await makeWorkspace(database))
const add = (ctx: Ctx, input: Record<string, unknown>) => createContact(ctx, CreateContact.parse(input))
const find = async (ctx: Ctx, filter: { search?: string; tag?: string }) =>
  (await listContacts(ctx, filter, { limit: 100, after: null })).rows.map(({ name }) => name).toReversed()
const typesOf = async ({ workspaceId }: Ctx) => (await recordedEvents(database, workspaceId)).map(({ type }) => type)
const codeOf = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

test('a contact is created, read, changed and deleted, each with its event', async () => {
  const ctx = await makeCaller()
  const made = await add(ctx, {
    name: 'Alex Johnson',
    email: 'alex@acmecorp.com',
    tags: ['prospect', 'prospect'],
    metadata: { deal: 12_000 },
  })
  assert.deepEqual(Contact.parse(presentContact(made)), presentContact(await getContact(ctx, made.id)))
  assert.deepEqual(made.tags, ['prospect'])
  const changed = await updateContact(ctx, made.id, UpdateContact.parse({ company: 'Acme', email: null }))
  assert.deepEqual(
    [changed.name, changed.company, changed.email, changed.metadata],
    ['Alex Johnson', 'Acme', null, '{"deal":12000}'],
  )
  await deleteContact(ctx, made.id)
  await assert.rejects(getContact(ctx, made.id), codeOf('NOT_FOUND'))
  await assert.rejects(deleteContact(ctx, made.id), codeOf('NOT_FOUND'))
  await assert.rejects(updateContact(ctx, newId(), {}), codeOf('NOT_FOUND'))
  assert.deepEqual(await typesOf(ctx), ['contact.created', 'contact.updated', 'contact.deleted'])
})

test('an event tells exactly what the wire shows', async () => {
  const ctx = await makeCaller()
  const made = await add(ctx, { name: 'Zoë "quoted" \u2028', metadata: { nested: { list: [1, null] } } })
  const [event] = await recordedEvents(database, ctx.workspaceId)
  assert.deepEqual(event?.data, presentContact(made))
})

test('an external id is held once in a workspace, and a refused write changes nothing', async () => {
  const [ctx, other] = [await makeCaller(), await makeCaller()]
  const first = await add(ctx, { external_id: 'crm-1', name: 'First' })
  const second = await add(ctx, { external_id: 'crm-2', name: 'Second' })
  await add(other, { external_id: 'crm-1' })
  const taken = (error: unknown) =>
    error instanceof AppError && error.code === 'CONFLICT' && error.param === 'external_id'
  await assert.rejects(add(ctx, { external_id: 'crm-1' }), taken)
  await assert.rejects(updateContact(ctx, second.id, { external_id: 'crm-1', name: 'Changed' }), taken)
  assert.equal((await getContact(ctx, second.id)).name, 'Second')
  await updateContact(ctx, first.id, { external_id: 'crm-1' })
  assert.equal((await typesOf(ctx)).length, 3)
})

test('search finds words that begin like each word asked for, in name, e-mail and company', async () => {
  const ctx = await makeCaller()
  await add(ctx, { name: 'Ada Lovelace', email: 'ada@engine.org', company: 'Analytical Engines Ltd' })
  await add(ctx, { name: 'Zoë Müller-Straße', email: 'zoe@example.com', company: 'Café Zürich' })
  await add(ctx, { name: '山田 太郎', email: 'taro@example.jp' })
  await add(ctx, { name: "O'Brien, Pat", company: '100% Cotton_Ltd' })
  const cases: Record<string, string[]> = {
    love: ['Ada Lovelace'],
    'ENGINE ada': ['Ada Lovelace'],
    'ada zürich': [],
    'ada@engine.org': ['Ada Lovelace'],
    zoe: ['Zoë Müller-Straße'],
    'muller cafe': ['Zoë Müller-Straße'],
    山田: ['山田 太郎'],
    example: ['Zoë Müller-Straße', '山田 太郎'],
    brien: ["O'Brien, Pat"],
    ltd: ['Ada Lovelace', "O'Brien, Pat"],
    velace: [],
    '%': [],
    "' or 1=1 --": [],
    '#vip': [],
    // Of the fields of a form one is left empty: it asks for nothing.
    '': ['Ada Lovelace', 'Zoë Müller-Straße', '山田 太郎', "O'Brien, Pat"],
  }
  for (const [search, names] of Object.entries(cases)) assert.deepEqual(await find(ctx, { search }), names, search)
})

test('a tag is found whole, whatever its case, and never by search', async () => {
  const ctx = await makeCaller()
  await add(ctx, { name: 'A', tags: ['VIP', 'proposal-sent'] })
  await add(ctx, { name: 'B', tags: ['vip customer'] })
  assert.deepEqual(await find(ctx, { tag: 'vip' }), ['A'])
  assert.deepEqual(await find(ctx, { tag: 'vip customer' }), ['B'])
  assert.deepEqual(await find(ctx, { tag: 'proposal' }), [])
  assert.deepEqual(await find(ctx, { search: 'vip' }), [])
  assert.deepEqual(await find(ctx, { tag: 'vip', search: 'a' }), ['A'])
})

test('what a contact is found by follows its changes', async () => {
  const ctx = await makeCaller()
  const { id } = await add(ctx, { name: 'Old Name', tags: ['old'] })
  await updateContact(ctx, id, UpdateContact.parse({ name: 'New Name', tags: ['new'] }))
  assert.deepEqual([await find(ctx, { search: 'old' }), await find(ctx, { tag: 'old' })], [[], []])
  assert.deepEqual([await find(ctx, { search: 'new' }), await find(ctx, { tag: 'new' })], [['New Name'], ['New Name']])
  await deleteContact(ctx, id)
  assert.deepEqual(await find(ctx, { search: 'new' }), [])
})

test('a contact of many words is still found by every tag', async () => {
  const ctx = await makeCaller()
  const words = (letter: string) =>
    Array.from({ length: 60 }, (_, i) => `${letter}${i}`)
      .join(' ')
      .slice(0, 199)
      .trim()
  const tags = Array.from({ length: 50 }, (_, i) => `tag ${i}`)
  await add(ctx, { name: words('n'), company: words('c'), tags })
  for (const tag of tags) assert.equal((await find(ctx, { tag })).length, 1, tag)
  assert.equal((await find(ctx, { search: 'n0 n9' })).length, 1)
})

test('the longest texts that a contact may hold are stored and found', async () => {
  const ctx = await makeCaller()
  // One letter that folds into eighteen, and letters of four bytes.
  for (const text of ['ﷺ'.repeat(64), '😀'.repeat(32), '𝔘'.repeat(32), 'ß'.repeat(64)]) {
    const { id } = await add(ctx, { name: text, company: text, tags: [text] })
    assert.deepEqual(
      (await listContacts(ctx, { tag: text }, { limit: 10, after: null })).rows.map((row) => row.id),
      [id],
    )
  }
  await add(ctx, {
    name: 'x'.repeat(200),
    email: `${'a'.repeat(60)}@${'b'.repeat(60)}.com`,
    external_id: '😀'.repeat(100),
  })
})

test('two changes at once both hold', async () => {
  const ctx = await makeCaller()
  const { id } = await add(ctx, { name: 'Start' })
  await Promise.all([
    updateContact(ctx, id, { name: 'Changed' }),
    updateContact(ctx, id, { company: 'Acme' }),
    updateContact(ctx, id, { tags: ['x'] }),
  ])
  const { name, company, tags } = await getContact(ctx, id)
  assert.deepEqual([name, company, tags], ['Changed', 'Acme', ['x']])
  assert.deepEqual(await find(ctx, { search: 'changed acme', tag: 'x' }), ['Changed'])
})

test('reading needs the scope to read, writing the scope to write', async () => {
  const workspaceId = await makeWorkspace(database)
  const [reader, stranger] = [
    makeCtx(database, workspaceId, { scopes: ['contacts:read'] }),
    makeCtx(database, workspaceId, { scopes: ['agents:write'] }),
  ]
  const { id } = await add(makeCtx(database, workspaceId), {})
  await getContact(reader, id)
  for (const attempt of [
    () => add(reader, {}),
    () => updateContact(reader, id, {}),
    () => deleteContact(reader, id),
    () => getContact(stranger, id),
    () => listContacts(stranger, {}, { limit: 1, after: null }),
  ])
    await assert.rejects(attempt(), codeOf('FORBIDDEN'))
})
