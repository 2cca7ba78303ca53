import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { oddForms, refusedUrls } from '../../../test/odd-addresses.ts'

let app: TestApp
let key: string
let id: string

const good = 'https://hooks.example.com/parley'

before(async () => {
  app = await openTestApp()
  key = await app.makeKey({ workspaceId: await app.makeWorkspace('live'), mode: 'live' })
  id = (await app.call('POST', '/v1/webhooks', { key, body: { url: good, events: ['*'] } })).json<{ id: string }>().id
})
after(() => app.close())

const registered = async (): Promise<string[]> =>
  (await app.call('GET', '/v1/webhooks', { key })).json<{ data: { url: string }[] }>().data.map(({ url }) => url)

test('no way to give a webhook its address accepts one that may not be called', async () => {
  const ways: [string, string, object][] = [
    ['POST', '/v1/webhooks', { events: ['*'] }],
    ['POST', '/api/v1/webhooks', { events: ['*'] }],
    ['POST', '/api/webhooks', { events: ['*'] }],
    ['PATCH', `/v1/webhooks/${id}`, {}],
  ]
  for (const [method, path, body] of ways)
    for (const url of [...oddForms, ...refusedUrls]) {
      const answer = await app.call(method, path, { key, body: { ...body, url } })
      const { error } = answer.json<{ error: { code: string; param: string; message: string } }>()
      assert.deepEqual(
        [answer.status, error.code, error.param],
        [400, 'BAD_REQUEST', 'url'],
        `${method} ${path} ${url}`,
      )
      assert.match(error.message, /^.{20,}\.$/)
    }
  assert.deepEqual(await registered(), [good])
})

test('an address is kept and shown in the form in which it is called', async () => {
  const forms: [string, string][] = [
    ['https://EXAMPLE.com/Hooks?A=b', 'https://example.com/Hooks?A=b'],
    ['https://example.com:443/', 'https://example.com/'],
    ['https://exаmple.com/', 'https://xn--exmple-4nf.com/'],
    ['https://example.com/a/../b', 'https://example.com/b'],
    [' https://example.com/x\t', 'https://example.com/x'],
  ]
  for (const [url, kept] of forms) {
    const changed = await app.call('PATCH', `/v1/webhooks/${id}`, { key, body: { url } })
    assert.deepEqual([changed.status, changed.json().url], [200, kept])
    const made = await app.call('POST', '/api/webhooks', { key, body: { url, events: ['*'] } })
    assert.deepEqual([made.status, made.json().url], [201, kept])
    await app.call('DELETE', `/api/webhooks/${made.json().id}`, { key })
  }
})
