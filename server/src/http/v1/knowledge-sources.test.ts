import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestApp } from '../../../test/app.ts'
import { createIngestKind } from '../../domain/knowledge/index.ts'
import { startWorker } from '../../work/worker.ts'
import { listName } from '../list-cursors.ts'
import { knowledgeSourceEndpoints } from './knowledge-sources.ts'

const app = await openTestApp({ endpoints: knowledgeSourceEndpoints })
const { database, clock, log, safeHttp } = app.deps
const kind = createIngestKind({ http: safeHttp, clock, log, sandboxLoopback: true })
const worker = startWorker({ db: database.system, kinds: [kind], clock, log, pollMs: 20 })
after(async () => {
  await worker.stop()
  await app.close()
})

type Source = { id: string; type: string; name: string; status: string; error: unknown; chunk_count: number }
type List<Item> = { data: Item[]; has_more: boolean; next_cursor: string | null }
type Failure = { error: { code: string; message: string; param?: string } }

const path = '/v1/knowledge-sources'

const makeKey = async () => app.makeKey({ workspaceId: await app.makeWorkspace() })

const add = async (key: string, body: unknown): Promise<Source> => {
  const response = await app.call('POST', path, { key, body })
  assert.equal(response.status, 201, response.text)
  return response.json<Source>()
}

const settled = async (key: string, id: string): Promise<Source> => {
  for (;;) {
    const source = (await app.call('GET', `${path}/${id}`, { key })).json<Source>()
    if (source.status === 'ready' || source.status === 'failed') return source
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const form = (fields: Record<string, string>, file?: { name: string; type: string; content: string }) => {
  const boundary = 'x-boundary'
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  if (file)
    parts.push(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: ${file.type}\r\n\r\n${file.content}\r\n`,
    )
  return {
    body: `${parts.join('')}--${boundary}--\r\n`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  }
}

test('a source is created, read, listed, read again and deleted', async () => {
  const key = await makeKey()
  const created = await add(key, { type: 'text', name: 'Lamps', content: 'Lamps glow in the dark.' })
  assert.match(created.id, /^ks_/)
  assert.equal(created.status, 'queued')
  const source = await settled(key, created.id)
  assert.deepEqual([source.status, source.error, source.chunk_count], ['ready', null, 1])
  const again = await app.call('POST', `${path}/${created.id}/reingest`, { key })
  assert.deepEqual([again.status, again.json<Source>().status], [202, 'queued'])
  await settled(key, created.id)
  assert.equal((await app.call('DELETE', `${path}/${created.id}`, { key })).status, 204)
  for (const [method, tail] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/reingest'],
    ['GET', '/chunks'],
    ['GET', '/content'],
  ] as const)
    assert.equal((await app.call(method, `${path}/${created.id}${tail}`, { key })).status, 404)
})

test('the passages of a source resolve to the letter in its content, page by page', async () => {
  const key = await makeKey()
  const content = Array.from(
    { length: 7 },
    (_, i) => `# Part ${i}\n\n${`Sentence of part ${i} ends here. `.repeat(12)}`,
  ).join('\n\n')
  const { id } = await add(key, { type: 'text', name: 'Long', content })
  await settled(key, id)
  const { data: documents } = (await app.call('GET', `${path}/${id}/content`, { key })).json<
    List<{ id: string; text: string; error: null }>
  >()
  let cursor: string | null = null
  let ordinal = 0
  do {
    const query: string = cursor ? `?limit=3&cursor=${cursor}` : '?limit=3'
    const page = (await app.call('GET', `${path}/${id}/chunks${query}`, { key })).json<
      List<{ ordinal: number; document_id: string; title: string; text: string; start: number; end: number }>
    >()
    for (const chunk of page.data) {
      assert.equal(chunk.ordinal, ordinal++)
      const document = documents.find((one) => one.id === chunk.document_id)
      assert.equal(document?.text.slice(chunk.start, chunk.end), chunk.text)
      assert.match(chunk.title, /Part/)
    }
    cursor = page.next_cursor
  } while (cursor)
  assert.equal(ordinal, 7)
})

test('a file comes as a form, or as JSON with a file name', async () => {
  const key = await makeKey()
  const uploaded = await app.call('POST', path, {
    key,
    ...form({ audience: 'internal' }, { name: 'guide.md', type: 'text/markdown', content: '# Guide\n\nPress twice.' }),
  })
  assert.equal(uploaded.status, 201, uploaded.text)
  const source = uploaded.json<Source>()
  assert.deepEqual([source.type, source.name], ['file', 'guide.md'])
  assert.equal((await settled(key, source.id)).status, 'ready')
  const named = await app.call('POST', path, {
    key,
    ...form({ type: 'file', name: 'My guide' }, { name: 'a.txt', type: 'text/plain', content: 'x' }),
  })
  assert.equal(named.json<Source>().name, 'My guide')
  const inJson = await add(key, { type: 'file', content: 'Press twice.', file_name: 'guide.txt' })
  assert.equal(inJson.name, 'guide.txt')
})

test('a file that cannot be read is a failed source with its reason', async () => {
  const key = await makeKey()
  const { id } = (
    await app.call('POST', path, {
      key,
      ...form({}, { name: 'x.bin', type: 'application/octet-stream', content: 'a\0b' }),
    })
  ).json<Source>()
  const source = await settled(key, id)
  assert.equal(source.status, 'failed')
  assert.equal((source.error as { code: string }).code, 'unsupported_type')
})

test('lists are newest first and filtered by status and type', async () => {
  const key = await makeKey()
  const first = await add(key, { type: 'text', name: 'A', content: 'One.' })
  const second = await add(key, { type: 'qa', name: 'B', items: [{ question: 'Why?', answer: 'Because.' }] })
  for (const { id } of [first, second]) await settled(key, id)
  const ids = async (query: string) =>
    (await app.call('GET', `${path}${query}`, { key })).json<List<Source>>().data.map(({ id }) => id)
  assert.deepEqual(await ids(''), [second.id, first.id])
  assert.deepEqual(await ids('?type=text'), [first.id])
  assert.deepEqual(await ids('?status=ready&type=qa'), [second.id])
  assert.deepEqual(await ids('?status=failed'), [])
  const page = (await app.call('GET', `${path}?limit=1`, { key })).json<List<Source>>()
  assert.equal(page.has_more, true)
  assert.deepEqual(await ids(`?limit=1&cursor=${page.next_cursor}`), [first.id])
})

test('parts that are missing or do not fit together are refused with the field at fault', async () => {
  const key = await makeKey()
  const bad: [body: unknown, param: string][] = [
    [{}, 'type'],
    [{ type: 'book', name: 'A' }, 'type'],
    [{ type: 'text', content: 'x' }, 'name'],
    [{ type: 'text', name: 'A' }, 'content'],
    [{ type: 'text', name: 'A', content: '  ' }, 'content'],
    [{ type: 'text', name: 'A', content: 'x', url: 'https://example.com' }, 'url'],
    [{ type: 'qa', name: 'A' }, 'content'],
    [{ type: 'qa', name: 'A', content: 'Q: a\nA: b', items: [{ question: 'a', answer: 'b' }] }, 'items'],
    [{ type: 'qa', name: 'A', items: [{ question: 'a' }] }, 'items[0].answer'],
    [{ type: 'file' }, 'file'],
    [{ type: 'text', name: 'A', content: 'x', file_name: 'a.md' }, 'file_name'],
    [{ type: 'url' }, 'url'],
    [{ type: 'url', url: 'https://example.com', content: 'x' }, 'content'],
    [{ type: 'url', url: 'example.com' }, 'url'],
    [{ type: 'url', url: 'ftp://example.com/' }, 'url'],
    [{ type: 'crawl', url: 'http://192.168.1.1/' }, 'url'],
    [{ type: 'openapi', name: 'A', content: 'x', url: 'https://example.com' }, 'url'],
    [{ type: 'text', name: 'A', content: 'x', language: 'not a language' }, 'language'],
    [{ type: 'text', name: 'A', content: 'x', audience: 'all' }, 'audience'],
    [{ type: 'text', name: 'A', content: 'x', tags: [] }, 'tags'],
  ]
  for (const [body, param] of bad) {
    const response = await app.call('POST', path, { key, body })
    assert.deepEqual([response.status, response.json<Failure>().error.param], [400, param], JSON.stringify(body))
  }
  const stray = await app.call('POST', path, {
    key,
    ...form({ type: 'url', url: 'https://example.com' }, { name: 'a.txt', type: 'text/plain', content: 'x' }),
  })
  assert.deepEqual([stray.status, stray.json<Failure>().error.param], [400, 'file'])
  const empty = await app.call('POST', path, { key, ...form({}, { name: 'a.txt', type: 'text/plain', content: '' }) })
  assert.deepEqual([empty.status, empty.json<Failure>().error.param], [400, 'file'])
})

test('a repeated create with one idempotency key makes one source', async () => {
  const key = await makeKey()
  const request = { key, body: { type: 'text', name: 'A', content: 'x' }, headers: { 'idempotency-key': 'once' } }
  const [first, second] = [await app.call('POST', path, request), await app.call('POST', path, request)]
  assert.equal(first.json<Source>().id, second.json<Source>().id)
  assert.equal((await app.call('GET', path, { key })).json<List<Source>>().data.length, 1)
})

test('a cursor of a passage that is gone is refused with what to do', async () => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  const { id } = await add(key, { type: 'text', name: 'A', content: '# A\n\nOne.' })
  await settled(key, id)
  const endpoint = knowledgeSourceEndpoints.find((each) => each.path.endsWith('/chunks'))!
  const cursor = app.deps.cursorSeal.seal(
    Buffer.from('1:chk_01h455vb4pex5vsknk084sn02q').toString('base64url'),
    listName(endpoint, workspaceId, endpoint.params!.parse({ id })),
  )
  const response = await app.call('GET', `${path}/${id}/chunks?cursor=${cursor}`, { key })
  const { error } = response.json<Failure>()
  assert.deepEqual([response.status, error.param], [400, 'cursor'])
  assert.match(error.message, /Start from the first page/)
})
