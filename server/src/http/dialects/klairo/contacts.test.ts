import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../../../test/app.ts'

let app: TestApp
let key: string

type Listed = { data: { name: string }[]; total: number; limit: number; offset: number }

const list = async (query: string, by = key): Promise<Listed> =>
  (await app.call('GET', `/api/contacts${query}`, { key: by })).json<Listed>()

before(async () => {
  app = await openTestApp()
  const stranger = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  for (let n = 1; n <= 25; n++) {
    const body = { name: `Ada ${n}`, company: n % 2 ? 'Acme Corp' : 'Initech', tags: n > 20 ? ['client'] : [] }
    assert.equal((await app.call('POST', '/api/contacts', { key, body })).status, 201)
  }
  await app.call('POST', '/api/contacts', { key: stranger, body: { name: 'Ada 0', tags: ['client'] } })
})
after(() => app.close())

test('offsets walk through all contacts once, newest first, and the total stays', async () => {
  const first = await list('')
  assert.deepEqual([first.data.length, first.total, first.limit, first.offset], [20, 25, 20, 0])
  const pages = [await list('?limit=10'), await list('?limit=10&offset=10'), await list('?limit=10&offset=20')]
  assert.deepEqual(
    pages.map(({ data, total, offset }) => [data.length, total, offset]),
    [
      [10, 25, 0],
      [10, 25, 10],
      [5, 25, 20],
    ],
  )
  assert.deepEqual(
    pages.flatMap(({ data }) => data.map(({ name }) => name)),
    Array.from({ length: 25 }, (_, n) => `Ada ${25 - n}`),
  )
  assert.deepEqual(await list('?offset=1000000'), { data: [], total: 25, limit: 20, offset: 1_000_000 })
  for (const offset of ['-1', 'x', '1000001', ''])
    assert.equal((await app.call('GET', `/api/contacts?offset=${offset}`, { key })).status, 400, offset)
})

test('the total counts what the filter finds, in the own workspace alone', async () => {
  assert.deepEqual([(await list('?tag=client')).total, (await list('?search=initech')).total], [5, 12])
  assert.equal((await list('?search=acme&tag=client&limit=1')).total, 3)
  assert.deepEqual(await list('?search=%21%21'), { data: [], total: 0, limit: 20, offset: 0 })
  assert.equal((await list('?search=nobody')).total, 0)
  const { total } = await list('')
  for (const empty of ['?search=', '?search=%20', '?tag=', '?search=&tag='])
    assert.equal((await list(empty)).total, total, empty)
})
