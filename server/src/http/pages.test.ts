import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { AppError } from '../base/errors.ts'
import { newId, toWireId } from '../base/ids.ts'
import { pageOf, presentPage } from './pages.ts'

let app: TestApp
let key: string
before(async () => {
  app = await openTestApp()
  key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
})
after(() => app.close())

type List = { data: { id: string; name: string }[]; has_more: boolean; next_cursor: string | null }

const list = async (query: string): Promise<List> =>
  (await app.call('GET', `/v1/contacts${query}`, { key })).json<List>()
const add = (name: string) => app.call('POST', '/v1/contacts', { key, body: { name } })

test('pages walk the whole list once, newest first, while rows are added and removed', async () => {
  const made: string[] = []
  for (let i = 0; i < 25; i++) made.push((await add(`before ${i}`)).json<{ id: string }>().id)
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: List = await list(`?limit=4${cursor ? `&cursor=${cursor}` : ''}`)
    assert.equal(page.has_more, page.next_cursor !== null)
    seen.push(...page.data.map(({ id }) => id))
    cursor = page.next_cursor
    await add('meanwhile')
    // What the cursor stands on may be gone by the time it is used.
    if (seen.length === 8) await app.call('DELETE', `/v1/contacts/${seen[7]}`, { key })
  } while (cursor)
  assert.deepEqual(seen, made.toReversed())
})

test('a page that ends the list exactly says that there is no more', async () => {
  const other = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  for (let i = 0; i < 4; i++) await app.call('POST', '/v1/contacts', { key: other, body: {} })
  const page = (await app.call('GET', '/v1/contacts?limit=4', { key: other })).json<List>()
  assert.deepEqual([page.data.length, page.has_more, page.next_cursor], [4, false, null])
})

test('a cursor holds for its own kind of list alone', () => {
  const rows = [{ id: newId() }]
  const { next_cursor } = presentPage('contact', { rows, hasMore: true }, (row) => row.id)
  assert.deepEqual(pageOf('contact', { cursor: next_cursor! }), { limit: 20, after: rows[0]!.id })
  assert.throws(() => pageOf('agent', { cursor: next_cursor! }), AppError)
  const forged = (text: string) => Buffer.from(text).toString('base64url')
  for (const cursor of [
    '',
    'abc',
    forged('1:'),
    forged(`2:${toWireId('contact', newId())}`),
    forged("1:x' or true"),
    'é',
  ])
    assert.throws(
      () => pageOf('contact', { cursor }),
      (error) => error instanceof AppError && error.param === 'cursor',
    )
})

test('a cursor is taken back by the list that gave it out, and by no other workspace, list or hand', async () => {
  const [mine, theirs] = [await app.makeWorkspace(), await app.makeWorkspace()]
  const [key, stranger] = [await app.makeKey({ workspaceId: mine }), await app.makeKey({ workspaceId: theirs })]
  for (const holder of [key, key, stranger, stranger])
    await app.call('POST', '/v1/contacts', { key: holder, body: { name: 'Ada' } })
  const first = (await app.call('GET', '/v1/contacts?limit=1', { key })).json<List>()
  const cursor = first.next_cursor!
  const statusOf = async (path: string, holder = key) => (await app.call('GET', path, { key: holder })).status
  assert.equal((await app.call('GET', '/v1/contacts?limit=1', { key })).json<List>().next_cursor, cursor)
  for (const path of ['/v1/contacts', '/api/v1/contacts']) {
    assert.equal(await statusOf(`${path}?cursor=${cursor}`), 200)
    assert.equal(await statusOf(`${path}?limit=100&cursor=${cursor}`), 200)
    assert.equal(await statusOf(`${path}?cursor=${cursor}`, stranger), 400)
  }
  // Each of its characters counts, and so does the place that it names.
  for (let at = 0; at < cursor.length; at++) {
    const changed = cursor.slice(0, at) + (cursor[at] === 'A' ? 'Q' : 'A') + cursor.slice(at + 1)
    const response = await app.call('GET', `/v1/contacts?cursor=${changed}`, { key })
    const { error } = response.json<{ error: { param?: string } }>()
    assert.deepEqual([response.status, error.param], [400, 'cursor'], changed)
  }
  for (const forged of [cursor.split('.')[0]!, `${cursor}.`, `.${cursor}`, `${cursor}&cursor=${cursor}`, ''])
    assert.equal(await statusOf(`/v1/contacts?cursor=${forged}`), 400, forged)
})
