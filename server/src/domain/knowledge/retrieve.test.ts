import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { Ctx } from '../context.ts'
import { createSource } from './create-source.ts'
import { openIngestion } from './ingestion.fixture.ts'
import { retrieve, type Search } from './retrieve.ts'

const ingestion = await openIngestion()
const { settings, makeCaller, settled } = ingestion
ingestion.startWorker()
after(() => ingestion.close())

const add = async (ctx: Ctx, input: Parameters<typeof createSource>[1]): Promise<string> => {
  const source = await settled(ctx, (await createSource(ctx, input, { settings })).id)
  assert.equal(source.status, 'ready')
  return source.id
}

const find = (ctx: Ctx, text: string, search: Partial<Search> = {}) =>
  retrieve(ctx.db, ctx.workspaceId, { text, limit: 5, sourceIds: null, audience: 'public', ...search })

const returns = `# Returns and refunds

## Deadlines
You can send an unused lamp back within 30 days of delivery. Broken lamps can be returned for two years, because the law gives every buyer a warranty of that length. The day on which the parcel was handed to you counts as the first day.

## How to send something back
Print the label from your account, put the lamp into its original box and hand the parcel to any post office. We pay the postage for returns within the European Union; from elsewhere you pay it yourself.

## When the money arrives
We refund the purchase price within five working days of the parcel's arrival in our warehouse, by the same means you paid with. Gift cards are refunded as gift cards.`

const shipping = `# Shipping

## Countries
We deliver to all countries of the European Union, to Norway and to Switzerland. We do not deliver to the United Kingdom at present.

## Costs
Standard delivery costs 4.90 euros. Orders above 60 euros are delivered free of charge. Express delivery costs 12.50 euros everywhere.

## Times
Standard parcels arrive within three to five days, express parcels on the next working day when ordered before noon. Large floor lamps travel by freight forwarder and take ten days.`

const account = `# Your account

## Password
If you forgot your password, press "Forgot password" on the sign-in page; we send a link that works for one hour. Passwords need at least twelve characters.

## Deleting your account
Open Settings, choose Privacy and press "Delete account". Invoices are kept for ten years because tax law demands it; everything else is erased at once.

## Two-factor authentication
Turn it on under Settings, Security. You need an authenticator app; codes by SMS are not offered.`

const api = `# Webhooks

## Verifying a signature
Every delivery carries the header X-Parley-Signature. Compute the HMAC-SHA256 of the raw body with your secret and compare both in constant time.

## Retries
A delivery that is not answered with a 2xx status is repeated after 5 minutes, 30 minutes, 2 hours and 8 hours. Then it is marked as failed.

## Endpoints
Send POST /v1/webhooks with the address and the events you want. The secret is shown once.`

const questions: [question: string, passage: RegExp][] = [
  ['Until which day can I send back an unused lamp?', /within 30 days of delivery/],
  ['Is there a warranty on broken lamps?', /warranty of that length/],
  ['Who pays the postage for a return?', /We pay the postage/],
  ['When do I get my money back?', /within five working days/],
  ['Are gift cards refunded?', /Gift cards are refunded/],
  ['Do you deliver to Switzerland?', /Norway and to Switzerland/],
  ['Can you ship to the UK or the United Kingdom?', /United Kingdom at present/],
  ['What does express delivery cost?', /Express delivery costs 12\.50/],
  ['From what amount is delivery free?', /free of charge/],
  ['How many days do floor lamps take?', /freight forwarder/],
  ['I forgot my password', /a link that works for one hour/],
  ['How many characters must passwords have?', /twelve characters/],
  ['How do I delete my account?', /Delete account/],
  ['Which invoices are kept after deletion?', /Invoices are kept for ten years/],
  ['Can I get two-factor codes by SMS?', /codes by SMS are not offered/],
  ['How do I verify a webhook signature?', /Compute the HMAC-SHA256/],
  ['What happens when a delivery is not answered with 2xx?', /repeated after 5 minutes/],
  ['x-parley-signature', /X-Parley-Signature/],
  ['POST /v1/webhooks', /POST \/v1\/webhooks/],
]

test('the passage that answers comes first', async () => {
  const ctx = await makeCaller()
  for (const [name, content] of Object.entries({ returns, shipping, account, api }))
    await add(ctx, { type: 'text', name, content })
  for (const [question, passage] of questions) {
    const [first, ...rest] = await find(ctx, question)
    assert.match(first?.text ?? '', passage, question)
    for (const [i, { score }] of rest.entries()) assert.ok(score <= (rest[i - 1] ?? first!).score)
  }
})

test('a hit names its source, its document and where it stands', async () => {
  const ctx = await makeCaller()
  const sourceId = await add(ctx, { type: 'text', name: 'Shipping rules', content: shipping })
  const [hit] = await find(ctx, 'delivery to Norway')
  assert.equal(hit!.sourceId, sourceId)
  assert.deepEqual(
    [hit!.sourceName, hit!.sourceUrl, hit!.documentTitle, hit!.documentUrl],
    ['Shipping rules', null, 'Shipping', null],
  )
  assert.deepEqual(hit!.titlePath.slice(0, 1), ['Shipping'])
  assert.equal(hit!.end - hit!.start, hit!.text.length)
})

test('the words of a title count although they do not stand in the passage', async () => {
  const ctx = await makeCaller()
  await add(ctx, { type: 'text', name: 'Opening hours', content: 'Monday to Friday from nine to six.' })
  await add(ctx, { type: 'text', name: 'Menu', content: 'Soup, bread and two cheeses, every day of the week.' })
  assert.equal((await find(ctx, 'what are your opening hours?'))[0]?.sourceName, 'Opening hours')
})

test('internal sources and sources that were not asked for stay out', async () => {
  const ctx = await makeCaller()
  const open = await add(ctx, { type: 'text', name: 'Open', content: 'The kettle whistles loudly.' })
  const secret = await add(ctx, {
    type: 'text',
    name: 'Secret',
    content: 'The kettle is made by us.',
    audience: 'internal',
  })
  const ids = async (search: Partial<Search>) =>
    (await find(ctx, 'kettle', search)).map(({ sourceId }) => sourceId).sort()
  assert.deepEqual(await ids({}), [open])
  assert.deepEqual(await ids({ audience: 'internal' }), [open, secret].sort())
  assert.deepEqual(await ids({ audience: 'internal', sourceIds: [secret] }), [secret])
  assert.deepEqual(await ids({ sourceIds: [secret] }), [])
  assert.deepEqual(await ids({ sourceIds: [] }), [])
})

test('another workspace finds nothing, also not by name of the first', async () => {
  const ctx = await makeCaller()
  const other = await makeCaller()
  await add(ctx, { type: 'text', name: 'A', content: 'The kettle whistles.' })
  await add(other, { type: 'text', name: 'B', content: 'The lamp glows.' })
  assert.deepEqual(await find(other, 'kettle'), [])
  const search: Search = { text: 'kettle', limit: 5, sourceIds: null, audience: 'public' }
  assert.deepEqual(await retrieve(other.db, ctx.workspaceId, search), [])
})

test('sources of several languages are found each by its own word forms', async () => {
  const ctx = await makeCaller()
  await add(ctx, {
    type: 'text',
    name: 'de',
    language: 'de-AT',
    content: 'Rücksendungen sind innerhalb von dreißig Tagen möglich. Wir erstatten den Kaufpreis.',
  })
  await add(ctx, {
    type: 'text',
    name: 'en',
    language: 'en',
    content: 'Orders are shipped on Mondays. Returned parcels are opened by hand. ',
  })
  await add(ctx, {
    type: 'text',
    name: 'ja',
    language: 'ja',
    content: '返品は商品到着後三十日以内に受け付けます。送料は無料です。',
  })
  await add(ctx, { type: 'text', name: 'th', language: 'th', content: 'สามารถคืนสินค้าได้ภายในสามสิบวัน' })
  await add(ctx, { type: 'text', name: 'vi', language: 'vi', content: 'Bạn có thể trả hàng trong vòng ba mươi ngày.' })
  const first = async (text: string) => (await find(ctx, text))[0]?.sourceName
  assert.equal(await first('Wie lange ist eine Rücksendung möglich?'), 'de')
  assert.equal(await first('KAUFPREISE ERSTATTET'), 'de')
  assert.equal(await first('shipping an order'), 'en')
  assert.equal(await first('返品はいつまでですか'), 'ja')
  assert.equal(await first('送料'), 'ja')
  assert.equal(await first('คืนสินค้า'), 'th')
  assert.equal(await first('trả hàng'), 'vi')
})

test('texts without a word to search by find nothing', async () => {
  const ctx = await makeCaller()
  assert.deepEqual(await find(ctx, 'anything'), [])
  await add(ctx, { type: 'text', name: 'A', content: 'The kettle whistles.' })
  for (const text of ['', '?!', 'the and of', '\u0000', 'zzzz', '😀']) assert.deepEqual(await find(ctx, text), [])
  assert.deepEqual(await find(ctx, 'kettle', { limit: 0 }), [])
  assert.equal((await find(ctx, `${'filler words '.repeat(5_000)}`)).length, 0)
})

test('frequent terms are drawn in while the rare ones find too little', async () => {
  const ctx = await makeCaller()
  const content = Array.from(
    { length: 40 },
    (_, i) => `# Part ${i}\n\n${'common words fill this part. '.repeat(10)}${i === 7 ? 'unique zebra' : ''}`,
  ).join('\n\n')
  await add(ctx, { type: 'text', name: 'Long', content })
  const hits = await find(ctx, 'zebra common words', { limit: 10 })
  assert.equal(hits.length, 10)
  assert.match(hits[0]!.text, /zebra/)
})

test('of two questions in one the rarer words are found too, though much else says the common ones more often', async () => {
  const ctx = await makeCaller()
  const section = (title: string, text: string) => `## ${title}\n${text.repeat(20)}`
  const times = Array.from({ length: 6 }, (_, i) =>
    section(
      `How long step ${i} takes and costs`,
      'How long it takes depends on what it costs; long ones take and cost more. ',
    ),
  )
  const others = Array.from({ length: 40 }, (_, i) =>
    section(`Colour ${i}`, 'Walls are painted in this colour by hand. '),
  )
  await add(ctx, { type: 'text', name: 'Handbook', content: ['# Handbook', ...times, ...others].join('\n\n') })
  const content = 'The purchase price comes back by the means it was paid with. A refund is made by our bank in Lisbon.'
  await add(ctx, { type: 'text', name: 'Money', content })
  const found = await find(ctx, 'How long does it take, what does it cost, and who makes the refund?')
  assert.equal(found.length, 5)
  assert.equal(found.at(-1)!.sourceName, 'Money')
  assert.equal(new Set(found.map(({ chunkId }) => chunkId)).size, 5)
  const scores = found.map(({ score }) => score)
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  )
})
