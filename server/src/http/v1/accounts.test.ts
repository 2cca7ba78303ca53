import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestApp } from '../../../test/app.ts'

const app = await openTestApp()
after(() => app.close())

test('an account shows the workspace of the key, and no other', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const call = (path: string) => app.call('GET', path, { key })
  const { data } = (await call('/v1/accounts')).json<{ data: { id: string; plan: unknown }[] }>()
  assert.equal(data.length, 1)
  assert.deepEqual(data[0]?.plan, { id: 'unlimited', label: 'Unlimited' })
  assert.deepEqual((await call(`/v1/accounts/${data[0]?.id}`)).json(), data[0])
  assert.equal((await call(`/v1/accounts/${await app.makeWorkspace()}`)).status, 404)
})
