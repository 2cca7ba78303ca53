import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { Ctx } from '../context.ts'
import { KnowledgeChunk, KnowledgeDocument, KnowledgeSource } from './contract.ts'
import { createSource } from './create-source.ts'
import { deleteSource } from './delete-source.ts'
import { openIngestion } from './ingestion.fixture.ts'
import { listChunks } from './list-chunks.ts'
import { listDocuments } from './list-documents.ts'
import { type DocumentRow, presentChunk, presentDocument, presentSource, type SourceRow } from './present.ts'
import { reingestSource } from './reingest-source.ts'
import { retrieve } from './retrieve.ts'
import { docxFile, docxParagraph } from './text/docx-file.fixture.ts'
import { pdfFile } from './text/pdf-file.fixture.ts'
import { startWebSite, type WebSite } from './web-site.fixture.ts'

const ingestion = await openIngestion()
const { settings, makeCaller, settled, eventsOf } = ingestion
ingestion.startWorker()
const sites: WebSite[] = []
after(async () => {
  for (const site of sites) await site.close()
  await ingestion.close()
})

const startSite = async (pages?: WebSite['pages']): Promise<WebSite> => {
  const site = await startWebSite(pages)
  sites.push(site)
  return site
}

const firstPage = { limit: 100, after: null }

const find = (ctx: Ctx, text: string) =>
  retrieve(ctx.db, ctx.workspaceId, { text, limit: 5, sourceIds: null, audience: 'public' })

/** The stored texts, after checking that every passage stands in its text to the letter. */
const checkedDocuments = async (ctx: Ctx, source: SourceRow): Promise<DocumentRow[]> => {
  KnowledgeSource.parse(presentSource(source))
  const { rows: documents } = await listDocuments(ctx, source.id, firstPage)
  const { rows: chunks } = await listChunks(ctx, source.id, firstPage)
  for (const document of documents) KnowledgeDocument.parse(presentDocument(document))
  for (const [i, chunk] of chunks.entries()) {
    KnowledgeChunk.parse(presentChunk(chunk))
    const document = documents.find(({ id }) => id === chunk.document_id)
    assert.equal(document?.text.slice(chunk.char_start, chunk.char_end), chunk.text)
    assert.equal(chunk.ordinal, i)
  }
  assert.equal(source.chunk_count, chunks.length)
  assert.equal(
    source.character_count,
    documents.reduce((sum, { text }) => sum + text.length, 0),
  )
  return documents
}

const add = async (
  ctx: Ctx,
  ...[input, file]: [Parameters<typeof createSource>[1], Parameters<typeof createSource>[2]['file']?]
) => settled(ctx, (await createSource(ctx, input, { settings, file })).id)

const ready = ['knowledge_source.created', 'knowledge_source.processing', 'knowledge_source.ready']
const failed = ['knowledge_source.created', 'knowledge_source.processing', 'knowledge_source.failed']

test('a text becomes ready with passages that stand in its document to the letter', async () => {
  const ctx = await makeCaller()
  const content = '# Refunds\n\nYou can return a lamp within 30 days.\n\n# Shipping\n\nWe ship on Mondays.'
  const source = await createSource(ctx, { type: 'text', name: 'Lamps', content }, { settings })
  assert.equal(source.status, 'queued')
  const done = await settled(ctx, source.id)
  assert.equal(done.status, 'ready')
  assert.equal(done.version, 1)
  assert.equal((await checkedDocuments(ctx, done)).length, 1)
  assert.deepEqual(await eventsOf(ctx), ready)
})

test('plain text that only looks like markup is kept to the letter', async () => {
  const ctx = await makeCaller()
  const source = await add(ctx, { type: 'text', name: 'Note', content: '{"a": 1} <b>is</b> how we write it' })
  assert.equal((await checkedDocuments(ctx, source))[0]!.text, '{"a": 1} <b>is</b> how we write it')
})

test('questions and answers become one passage a pair, from items and from text', async () => {
  const ctx = await makeCaller()
  const items = [
    { question: 'Do you ship to Peru?', answer: 'Yes, within ten days.' },
    { question: 'Can I pay later?', answer: 'Yes, by invoice.' },
  ]
  const fromItems = await add(ctx, { type: 'qa', name: 'FAQ', items })
  assert.equal(fromItems.chunk_count, 2)
  await checkedDocuments(ctx, fromItems)
  const fromText = await add(ctx, { type: 'qa', name: 'FAQ 2', content: 'Q: Is there a warranty?\nA: Two years.' })
  assert.equal(fromText.chunk_count, 1)
  assert.equal((await find(ctx, 'pay with an invoice'))[0]?.titlePath.at(-1), 'Can I pay later?')
})

test('uploaded files of every kind are read, and named after themselves', async () => {
  const ctx = await makeCaller()
  const files = [
    { name: 'guide.md', mediaType: 'text/markdown', bytes: Buffer.from('# Guide\n\nPress the green button twice.') },
    {
      name: 'page.html',
      mediaType: 'text/html',
      bytes: Buffer.from('<h1>Page</h1><p>Press the blue button once, gently, please.</p>'),
    },
    { name: 'prices.csv', mediaType: 'text/csv', bytes: Buffer.from('plan,price\nStarter,19 euro\n') },
    { name: 'notes.txt', mediaType: 'text/plain', bytes: Buffer.from('The office closes at six.') },
    {
      name: 'manual.pdf',
      mediaType: 'application/pdf',
      bytes: pdfFile([[{ text: 'The pump needs oil every spring.', y: 700 }]]),
    },
    { name: 'terms.docx', mediaType: '', bytes: docxFile(docxParagraph('The contract ends in May.')) },
  ]
  for (const file of files) {
    const source = await add(ctx, {}, file)
    assert.deepEqual(
      [source.type, source.name, source.status, source.error_message],
      ['file', file.name, 'ready', null],
    )
    await checkedDocuments(ctx, source)
  }
  assert.equal((await find(ctx, 'When does the pump need oil?'))[0]?.sourceName, 'manual.pdf')
  assert.equal((await find(ctx, 'When does the contract end?'))[0]?.sourceName, 'terms.docx')
})

test('a file can also come as content, read as its name says', async () => {
  const ctx = await makeCaller()
  const source = await add(ctx, { type: 'file', content: '# Lamps\n\nThey glow.', file_name: 'lamps.md' })
  assert.deepEqual([source.name, source.status], ['lamps.md', 'ready'])
  assert.equal((await checkedDocuments(ctx, source))[0]!.title, 'Lamps')
})

test('an API description becomes a passage an operation, given or fetched', async () => {
  const ctx = await makeCaller()
  const content = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Lamps', version: '1' },
    paths: { '/lamps': { get: { summary: 'List lamps' }, post: { summary: 'Create a lamp' } } },
  })
  const given = await add(ctx, { type: 'openapi', name: 'API', content })
  assert.equal(given.status, 'ready')
  assert.ok(given.chunk_count >= 2)
  const site = await startSite({ '/openapi.json': { type: 'application/json', body: content } })
  const fetched = await add(ctx, { type: 'openapi', url: `${site.url}/openapi.json` })
  await site.close()
  assert.equal(fetched.status, 'ready')
  assert.equal((await checkedDocuments(ctx, fetched))[0]!.url, `${site.url}/openapi.json`)
})

test('a page is fetched, through redirects, and cited by where it was found', async () => {
  const ctx = await makeCaller()
  const site = await startSite({
    '/old': { status: 301, headers: { location: '/help' } },
    '/help': {
      body: '<title>Help</title><main><h1>Help</h1><p>Hold the red key for five seconds to reset.</p></main>',
    },
  })
  const source = await add(ctx, { type: 'url', url: `${site.url}/old` })
  await site.close()
  assert.deepEqual([source.status, source.name], ['ready', `${site.url}/old`])
  const [document] = await checkedDocuments(ctx, source)
  assert.deepEqual([document!.title, document!.url], ['Help', `${site.url}/help`])
  assert.equal((await find(ctx, 'How do I reset it?'))[0]?.documentUrl, `${site.url}/help`)
})

test('a failed reading says why, at once where another try cannot help', async () => {
  const site = await startSite({
    '/empty': { body: '' },
    '/blank': { body: '<html><body><p> </p></body></html>' },
    '/picture': { type: 'image/png', body: Buffer.from('\x89PNG\r\n', 'latin1') },
    '/loop': { status: 302, headers: { location: '/loop' } },
    '/metadata': { status: 302, headers: { location: 'http://169.254.169.254/latest' } },
    '/zipped': { headers: { 'content-encoding': 'gzip' }, body: 'x' },
    '/huge': { body: 'x'.repeat(10 * 1024 * 1024 + 1) },
  })
  const expected: [path: string, code: string, message: RegExp][] = [
    ['/missing', 'http_status', /404 \(Not Found\)/],
    ['/empty', 'empty', /^The page is empty\.$/],
    ['/blank', 'empty', /^The page is empty\.$/],
    ['/picture', 'unsupported_type', /picture/],
    ['/loop', 'too_many_redirects', /redirects too often/],
    ['/metadata', 'address_refused', /169\.254\.169\.254/],
    ['/zipped', 'unsupported_type', /compressed/],
    ['/huge', 'too_large', /larger than 10 MB/],
  ]
  for (const [path, code, message] of expected) {
    const ctx = await makeCaller()
    const source = await add(ctx, { type: 'url', url: `${site.url}${path}` })
    assert.deepEqual([path, source.status, source.error_code], [path, 'failed', code])
    assert.match(source.error_message ?? '', message)
    assert.deepEqual(await eventsOf(ctx), failed)
    assert.equal(source.chunk_count, 0)
    if (path === '/missing') assert.equal(site.requests.filter((asked) => asked === path).length, 1)
  }
  await site.close()
})

test('a fetch that may succeed later is tried three times before it fails', async () => {
  const ctx = await makeCaller()
  const site = await startSite({ '/down': { status: 503 } })
  const source = await add(ctx, { type: 'url', url: `${site.url}/down` })
  assert.deepEqual([source.status, source.error_code], ['failed', 'http_status'])
  assert.match(source.error_message ?? '', /503/)
  assert.equal(site.requests.length, 3)
  assert.deepEqual(await eventsOf(ctx), failed)
  await site.close()
  const refused = await add(ctx, { type: 'url', url: `${site.url}/down` })
  assert.equal(refused.error_code, 'connect_refused')
})

test('a page that comes back in time is ready without a failure', async () => {
  const ctx = await makeCaller()
  let asked = 0
  const site = await startSite({ '/': () => (++asked < 3 ? { status: 500 } : { body: '<p>Here again.</p>' }) })
  const source = await add(ctx, { type: 'url', url: site.url })
  await site.close()
  assert.deepEqual([source.status, source.error_code, asked], ['ready', null, 3])
  assert.deepEqual(await eventsOf(ctx), ready)
})

test('a file that cannot be read fails with a reason for people', async () => {
  const ctx = await makeCaller()
  const zip = await add(ctx, {}, { name: 'all.zip', mediaType: 'application/zip', bytes: Buffer.from('PK\x03\x04abc') })
  assert.deepEqual([zip.status, zip.error_code], ['failed', 'unsupported_type'])
  const notPdf = await add(ctx, {}, { name: 'a.pdf', mediaType: 'application/pdf', bytes: Buffer.from('hello') })
  assert.match(notPdf.error_message ?? '', /called a PDF/)
  const noPairs = await add(ctx, { type: 'qa', name: 'FAQ', content: 'just words' })
  assert.match(noPairs.error_message ?? '', /No questions were found/)
  // Every question is a passage of its own.
  const bytes = Buffer.from('# A?\n\nb\n\n'.repeat(5_001))
  const endless = await add(ctx, {}, { name: 'a.md', mediaType: 'text/markdown', bytes })
  assert.deepEqual([endless.status, endless.error_code, endless.chunk_count], ['failed', 'too_large', 0])
  assert.match(endless.error_message ?? '', /5000 passages/)
})

test('a site is crawled from its sitemap and its links, as robots.txt allows', async () => {
  const ctx = await makeCaller()
  const page = (name: string, links: string[] = []) => ({
    body: `<title>${name}</title><main><h1>${name}</h1><p>All about ${name}, told in one sentence.</p>${links.map((to) => `<a href="${to}">x</a>`).join('')}</main>`,
  })
  const site = await startSite()
  Object.assign(site.pages, {
    '/robots.txt': { type: 'text/plain', body: `User-agent: *\nDisallow: /private\nSitemap: ${site.url}/map.xml` },
    '/map.xml': { type: 'application/xml', body: `<urlset><url><loc>${site.url}/kettles</loc></url></urlset>` },
    '/': page('Start', [
      '/lamps#top',
      '/private/prices',
      'https://elsewhere.example/x',
      '/gone',
      '/logo.png',
      'mailto:a@b.c',
    ]),
    '/kettles': page('Kettles', ['/']),
    '/lamps': page('Lamps', ['/lamps/desk?size=1&amp;colour=red']),
    '/lamps/desk?size=1&colour=red': page('Desk lamps'),
    '/private/prices': page('Secret prices'),
  })
  const source = await add(ctx, { type: 'crawl', url: site.url })
  await site.close()
  assert.equal(source.status, 'ready')
  const documents = await checkedDocuments(ctx, source)
  assert.deepEqual(
    documents.map(({ url, error }) => [url?.slice(site.url.length), error]),
    [
      ['/', null],
      ['/kettles', null],
      ['/lamps', null],
      ['/gone', 'The page answered with 404 (Not Found).'],
      ['/lamps/desk?size=1&colour=red', null],
    ],
  )
  assert.deepEqual([source.progress_done, source.progress_total], [5, 5])
  assert.ok(!site.requests.includes('/private/prices') && !site.requests.includes('/logo.png'))
  assert.equal((await find(ctx, 'desk lamps'))[0]?.documentTitle, 'Desk lamps')
})

test('a crawl ends at its cap, and keeps one of the pages that say the same', async () => {
  const ctx = await makeCaller()
  const links = Array.from({ length: 40 }, (_, i) => `<a href="/p${i}">p</a>`).join('')
  const site = await startSite({ '/': { body: `<p>Start here, dear reader.</p>${links}` } })
  for (let i = 0; i < 40; i++) site.pages[`/p${i}`] = { body: `<p>The page with the number ${i < 2 ? 'one' : i}.</p>` }
  const source = await add(ctx, { type: 'crawl', url: site.url })
  await site.close()
  assert.equal((await checkedDocuments(ctx, source)).length, 11)
})

test('a crawl without a single page fails with the reason of the first', async () => {
  const ctx = await makeCaller()
  const site = await startSite({
    '/robots.txt': { type: 'text/plain', body: 'User-agent: parley\nDisallow: /' },
    '/': { body: '<p>Hi</p>' },
  })
  const forbidden = await add(ctx, { type: 'crawl', url: site.url })
  assert.deepEqual([forbidden.status, forbidden.error_code], ['failed', 'robots_disallowed'])
  delete site.pages['/robots.txt']
  site.pages['/'] = { body: '<p> </p>' }
  const blank = await add(ctx, { type: 'crawl', url: site.url })
  await site.close()
  assert.deepEqual([blank.status, blank.error_message], ['failed', 'No page could be read. The page is empty.'])
})

test('a source that is read again answers from its old text until the new one is there', async () => {
  const ctx = await makeCaller()
  const text = (days: number) =>
    `<main><h1>Returns</h1><p>Lamps can be returned within ${days} days.</p><h1>Gifts</h1><p>We wrap every gift in paper, free of charge, all year.</p></main>`
  const site = await startSite({ '/': { body: text(30) } })
  const source = await add(ctx, { type: 'url', url: site.url })
  site.pages['/'] = { body: text(60) }
  let answered = 0
  let watching = true
  const watch = (async () => {
    while (watching) {
      const [first] = await find(ctx, 'returned within how many days')
      assert.match(first?.text ?? '', /within (30|60) days/)
      answered++
    }
  })()
  const queued = await reingestSource(ctx, source.id)
  assert.equal(queued.status, 'queued')
  const again = await settled(ctx, source.id)
  watching = false
  await watch
  await site.close()
  assert.ok(answered > 0)
  assert.equal(again.version, 2)
  assert.match((await find(ctx, 'returned within how many days'))[0]?.text ?? '', /60/)
  await checkedDocuments(ctx, again)
  assert.deepEqual((await eventsOf(ctx)).slice(3), [
    'knowledge_source.updated',
    'knowledge_source.processing',
    'knowledge_source.ready',
  ])
})

test('a reading that fails leaves the old version answering, and says so', async () => {
  const ctx = await makeCaller()
  const site = await startSite({ '/': { body: '<p>Lamps can be returned within 30 days.</p>' } })
  const source = await add(ctx, { type: 'url', url: site.url })
  delete site.pages['/']
  await reingestSource(ctx, source.id)
  const again = await settled(ctx, source.id)
  await site.close()
  assert.deepEqual([again.status, again.version, again.error_code], ['ready', 1, 'http_status'])
  assert.equal((await find(ctx, 'return a lamp')).length, 1)
  assert.equal((await eventsOf(ctx)).at(-1), 'knowledge_source.failed')
})

test('reading the same text again writes nothing, and a change rewrites only what changed', async () => {
  const ctx = await makeCaller()
  const section = (name: string) => `# ${name}\n\n${`The ${name} department answers letters. `.repeat(30)}\n\n`
  const site = await startSite({ '/': { type: 'text/markdown', body: section('Lamp') + section('Kettle') } })
  const source = await add(ctx, { type: 'url', url: site.url })
  const before = await listChunks(ctx, source.id, firstPage)
  await reingestSource(ctx, source.id)
  const same = await settled(ctx, source.id)
  assert.equal(same.version, 1)
  assert.deepEqual((await listChunks(ctx, source.id, firstPage)).rows, before.rows)
  site.pages['/'] = { type: 'text/markdown', body: section('Chair') + section('Lamp') + section('Kettle') }
  await reingestSource(ctx, source.id)
  const changed = await settled(ctx, source.id)
  await site.close()
  assert.equal(changed.version, 2)
  await checkedDocuments(ctx, changed)
  const after = await listChunks(ctx, source.id, firstPage)
  const kept = before.rows.filter(({ id }) => after.rows.some((row) => row.id === id))
  assert.ok(kept.length > 0 && after.rows.length > before.rows.length)
})

test('a source that is deleted while it is read leaves nothing behind', async () => {
  const ctx = await makeCaller()
  const gate = Promise.withResolvers<void>()
  const site = await startSite({
    '/': () => {
      gate.resolve()
      return { body: '<p>Lamps can be returned within 30 days.</p>' }
    },
  })
  const source = await createSource(ctx, { type: 'url', url: site.url }, { settings })
  await gate.promise
  await deleteSource(ctx, source.id)
  const other = await add(ctx, { type: 'text', name: 'Other', content: 'Kettles whistle.' })
  await site.close()
  const count = async (table: 'chunks' | 'knowledge_documents' | 'postings' | 'term_statistics') =>
    (await ctx.db.selectFrom(table).selectAll().where('workspace_id', '=', ctx.workspaceId).execute()).length
  assert.deepEqual([await count('chunks'), await count('knowledge_documents')], [1, 1])
  await deleteSource(ctx, other.id)
  assert.deepEqual([await count('postings'), await count('term_statistics')], [0, 0])
  assert.equal((await eventsOf(ctx)).filter((type) => type === 'knowledge_source.deleted').length, 2)
})

test('a live workspace reaches neither http nor this machine', async () => {
  const ctx = await makeCaller('live')
  for (const url of ['http://example.com/', 'https://127.0.0.1:8443/', 'https://localhost/'])
    await assert.rejects(createSource(ctx, { type: 'url', url }, { settings }), { code: 'BAD_REQUEST', param: 'url' })
  const closed = { sandboxLoopback: false }
  const sandbox = await makeCaller()
  await assert.rejects(createSource(sandbox, { type: 'url', url: 'http://127.0.0.1:8080/' }, { settings: closed }), {
    param: 'url',
  })
})

test('a source of the system needs no scope, and a key without it is refused', async () => {
  const ctx = await makeCaller()
  const system: Ctx = { ...ctx, actor: { type: 'system', name: 'first-start' } }
  assert.equal((await createSource(system, { type: 'text', name: 'A', content: 'b' }, { settings })).status, 'queued')
  const bounds = { allowedAddresses: [], expiresAt: null, requestsPerMinute: null }
  const scopes = new Set(['knowledge:read'])
  const reader: Ctx = { ...ctx, actor: { type: 'api_key', id: ctx.workspaceId, scopes, bounds } }
  await assert.rejects(createSource(reader, { type: 'text', name: 'A', content: 'b' }, { settings }), {
    code: 'FORBIDDEN',
  })
})
