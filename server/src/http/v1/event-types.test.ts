import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import test, { after, before } from 'node:test'
import { z } from 'zod'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { Event, type EventType, type EventTypeInfo } from '../../domain/events/index.ts'
import { eventTypes } from '../../event-types.ts'

type Info = z.infer<typeof EventTypeInfo>
type Page = { data: Info[]; has_more: boolean; next_cursor: string | null }

let app: TestApp
let key: string
before(async () => {
  app = await openTestApp()
  key = await app.makeKey({ workspaceId: await app.makeWorkspace(), scopes: ['events:read'] })
})
after(() => app.close())

const list = async (query = ''): Promise<Page> => {
  const response = await app.call('GET', `/v1/event-types${query}`, { key })
  assert.equal(response.status, 200, response.text)
  return response.json<Page>()
}
const typesOf = ({ data }: Page): string[] => data.map(({ type }) => type)

for (const { type, status, example, data } of eventTypes)
  test(`${type} has an example that its schema accepts`, () => {
    if (example === null) assert.equal(status, 'announced')
    else assert.deepEqual(data.parse(example), example)
  })

test('no two kinds of events share a name', () => {
  const names = eventTypes.flatMap(({ type, aliases }) => [type, ...aliases])
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
})

test('what a noun declares is in the catalog', async () => {
  const domain = new URL('../../domain/', import.meta.url)
  for (const noun of await readdir(domain)) {
    const file = new URL(`${noun}/events.ts`, domain)
    if (!existsSync(file)) continue
    const declared = (Object.values(await import(file.href)) as (EventType | EventType[])[]).flat()
    assert.deepEqual(
      declared.filter((one) => !eventTypes.includes(one)).map(({ type }) => type),
      [],
    )
  }
})

// Every name, and every family of nouns, that the published pages print.
const printed = [
  ...['automation.run', 'automation.run.completed', 'aria.message', 'chat.message.created', 'contact.created'],
  ...['plan.changed', 'usage.limit_reached', 'test.ping', 'message.sent'],
  ...['call.started', 'voicemail.received', 'sms.sent', 'sms.delivered', 'sms.failed'],
  ...['conversation.started', 'message.received', 'escalation.triggered'],
  ...['conversation.*', 'message.*', 'customer.*', 'issue.*', 'source.*', 'agent.*'],
]

for (const name of printed)
  test(`'${name}', which a published page names, is in the catalog`, async () => {
    assert.notEqual((await list(`?type=${name}&limit=100`)).data.length, 0)
  })

test('the catalog is paged by name and tells each kind once', async () => {
  const seen: Info[] = []
  let cursor: string | null = null
  do {
    const page: Page = await list(`?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`)
    seen.push(...page.data)
    assert.equal(page.has_more, page.next_cursor !== null)
    cursor = page.next_cursor
  } while (cursor !== null)
  assert.deepEqual(
    seen.map(({ type }) => type),
    eventTypes.map(({ type }) => type).sort(),
  )
})

test('filters narrow the catalog, and a name that nothing has finds nothing', async () => {
  assert.deepEqual(typesOf(await list('?type=contact.*')), ['contact.created', 'contact.deleted', 'contact.updated'])
  assert.deepEqual(typesOf(await list('?type=aria.message')), ['chat.message.created'])
  const announced = await list('?status=announced&limit=100')
  assert.ok(announced.data.length > 0 && announced.data.every(({ status }) => status === 'announced'))
  assert.deepEqual(await list('?type=contact.exploded'), { data: [], has_more: false, next_cursor: null })
})

test('a kind is read by its name or an alias, with a whole event as its example', async () => {
  for (const name of ['contact.created', 'customer.created']) {
    const response = await app.call('GET', `/v1/event-types/${name}`, { key })
    assert.equal(response.status, 200, response.text)
    const info = response.json<Info>()
    assert.equal(info.type, 'contact.created')
    const event = Event.parse(info.example)
    assert.deepEqual([event.type, event.created_at], ['contact.created', '2026-03-11T11:22:00.000Z'])
  }
})

test('the schema of a kind takes its example, and refuses another kind’s', async () => {
  const { data } = await list('?limit=100')
  const created = data.find(({ type }) => type === 'contact.created')!
  for (const { type, schema, example } of data) {
    if (example === null) continue
    const asZod = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
    assert.ok(asZod.safeParse(example).success, `${type}: ${asZod.safeParse(example).error?.message}`)
    assert.ok(asZod.safeParse({ ...example, added_later: 1 }).success, type)
    if (type !== created.type) assert.ok(!asZod.safeParse(created.example).success, type)
  }
})
