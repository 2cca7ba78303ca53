import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestApp, type TestApp, type TestResponse } from '../../test/app.ts'
import { AppError } from '../base/errors.ts'
import { createEffectEndpoints } from './idempotency.fixture.ts'
import { fingerprintOf, idempotencyKeyOf, purgeIdempotencyKeys } from './idempotency.ts'

let now = new Date('2026-03-11T11:22:00.000Z').getTime()
const outside = createEffectEndpoints()
const app: TestApp = await openTestApp({ endpoints: outside.endpoints, clock: { now: () => new Date(now) } })
after(() => app.close())

const makeCaller = async () => {
  const workspaceId = await app.makeWorkspace()
  const key = await app.makeKey({ workspaceId })
  const send = (path: string, idempotencyKey: string, body: unknown = { name: 'Ada' }, headers = {}) =>
    app.call('POST', path, { key, body, headers: { 'idempotency-key': idempotencyKey, ...headers } })
  const names = async () =>
    (await app.database.workspace(workspaceId).selectFrom('contacts').select('name').execute()).map(({ name }) => name)
  return { workspaceId, key, send, names }
}

const statuses = (responses: TestResponse[]) => Map.groupBy(responses, ({ status }) => status)

for (const path of ['/inside', '/outside'])
  test(`a hundred equal requests at once to ${path} have one effect and no other answer`, async () => {
    const { send, names } = await makeCaller()
    const responses = await Promise.all(Array.from({ length: 100 }, () => send(path, 'same')))
    const by = statuses(responses)
    assert.deepEqual(
      [...by.keys()].filter((status) => status !== 201 && status !== 409),
      [],
    )
    assert.deepEqual(await names(), ['Ada'])
    assert.equal(new Set(by.get(201)!.map(({ text }) => text)).size, 1)
    assert.equal(by.get(201)!.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1)
    for (const { headers, json } of by.get(409) ?? []) {
      assert.equal(headers['retry-after'], '1')
      assert.equal(json<{ error: { code: string } }>().error.code, 'IDEMPOTENCY_IN_PROGRESS')
    }
    assert.equal((await send(path, 'same')).status, 201)
  })

test('a hundred different keys at once have a hundred effects', async () => {
  const { send, names } = await makeCaller()
  const responses = await Promise.all(Array.from({ length: 100 }, (_, i) => send('/inside', `key-${i}`)))
  assert.ok(responses.every(({ status }) => status === 201))
  assert.equal((await names()).length, 100)
})

test('the same key in two workspaces is two keys', async () => {
  const [first, second] = [await makeCaller(), await makeCaller()]
  const answers = [await first.send('/inside', 'shared'), await second.send('/inside', 'shared', { name: 'Grace' })]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201],
  )
  assert.notEqual(answers[0]!.text, answers[1]!.text)
})

test('a failure of ours stores nothing and undoes everything, so the request can be sent again', async () => {
  const { send, names } = await makeCaller()
  for (const path of ['/inside', '/outside']) {
    assert.equal((await send(path, path, { name: 'crash' })).status, 500)
    assert.deepEqual(await names(), [])
    assert.equal((await send(path, path, { name: 'crash' })).headers['idempotency-replayed'], undefined)
  }
})

test('a refusal that tells of the workspace is kept with nothing of its effect; one that may pass is not', async () => {
  const { send, names } = await makeCaller()
  const conflict = await send('/inside', 'conflict', { name: 'conflict' })
  assert.equal(conflict.status, 409)
  const again = await send('/inside', 'conflict', { name: 'conflict' })
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.equal(again.text, conflict.text)
  const problem = await send('/inside', 'conflict', { name: 'conflict' }, { accept: 'application/problem+json' })
  assert.equal(problem.headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.equal(problem.json().detail, 'taken')
  for (let i = 0; i < 2; i++)
    assert.equal((await send('/inside', 'busy', { name: 'busy' })).headers['idempotency-replayed'], undefined)
  assert.deepEqual(await names(), [])
})

test('a key is told from another by method, path, query, type and the exact body', async () => {
  const { send } = await makeCaller()
  await send('/inside', 'k')
  const others: [string, unknown?][] = [
    ['/outside'],
    ['/inside?x=1'],
    ['/inside', { name: 'Grace' }],
    ['/inside', '{ "name": "Ada" }'],
  ]
  for (const [path, body] of others)
    assert.equal((await send(path, 'k', body)).json<{ error: { code: string } }>().error.code, 'IDEMPOTENCY_KEY_REUSED')
})

test('a form sent again under a new boundary is the same request, and another file is not', () => {
  const form = (boundary: string, text: string) => ({
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n${text}\r\n--${boundary}--\r\n`,
    ),
  })
  const print = ({ type, body }: ReturnType<typeof form>) => fingerprintOf('POST', '/v1/x', type, body).toString('hex')
  assert.equal(print(form('----abc', 'text')), print(form('xyz', 'text')))
  assert.notEqual(print(form('----abc', 'text')), print(form('----abc', 'other')))
})

test('a key is forgotten after a day, and purging removes what is past', async () => {
  const { send, names, workspaceId } = await makeCaller()
  await send('/inside', 'daily')
  now += 23 * 3_600_000
  assert.equal((await send('/inside', 'daily')).headers['idempotency-replayed'], 'true')
  now += 2 * 3_600_000
  await purgeIdempotencyKeys(app.database.system, new Date(now))
  const left = await app.database.workspace(workspaceId).selectFrom('idempotency_keys').select('key').execute()
  assert.deepEqual(left, [])
  assert.equal((await send('/inside', 'daily')).headers['idempotency-replayed'], undefined)
  assert.equal((await names()).length, 2)
})

test('what a failed try noted is handed to the next try of the same request, and to no other', async () => {
  const { send } = await makeCaller()
  assert.equal((await send('/noting', 'n')).status, 503)
  const second = (await send('/noting', 'n')).json<{ resource: string | null }>()
  assert.equal(second.resource, outside.noted())
  now += 25 * 3_600_000
  assert.equal((await send('/noting', 'n')).status, 503)
})

test('a request slower than its claim stores nothing over the one that took over', async () => {
  const { send, names } = await makeCaller()
  const slow = send('/gated', 'g')
  await outside.reached()
  assert.equal((await send('/gated', 'g')).status, 409)
  now += 121_000
  outside.open()
  const successor = await send('/outside-after', 'h')
  assert.equal(successor.status, 201)
  // The claim ran out, but nobody took it over: the slow one may still finish.
  assert.equal((await slow).status, 201)
  assert.deepEqual((await names()).sort(), ['Ada', 'Ada'])
})

test('a lost claim undoes the transaction of whoever lost it', async () => {
  const { send, names } = await makeCaller()
  const slow = send('/gated', 'lost')
  await outside.reached()
  now += 121_000
  const second = send('/gated', 'lost')
  await outside.reached()
  outside.open()
  const answers = await Promise.all([slow, second])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
  assert.deepEqual(await names(), ['Ada'])
  assert.equal((await send('/gated', 'lost')).headers['idempotency-replayed'], 'true')
})

test('a key is one value of visible ASCII', () => {
  assert.equal(idempotencyKeyOf(undefined), undefined)
  assert.equal(idempotencyKeyOf('"quoted"'), 'quoted')
  for (const bad of ['', ' ', 'a b', 'a\tb', 'ü', 'x'.repeat(256), ['a', 'b']])
    assert.throws(() => idempotencyKeyOf(bad), AppError)
})
