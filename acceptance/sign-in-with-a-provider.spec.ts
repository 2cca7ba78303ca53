import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createBrowser } from '../server/test/browser.ts'
import { logInAt, startProvider } from '../server/test/provider.ts'
import { installParley } from './parley.ts'

const parley = await installParley()
const provider = await startProvider(`${parley.baseUrl}/v1/auth/oidc/callback`)
after(async () => {
  await provider.close()
  await parley.remove()
})

const json = { 'content-type': 'application/json' }

test('the owner of a new installation sets up a provider, signs in with it, and still does after a restart', async () => {
  await parley.start()
  const { admin_email: email, admin_password: password, sandbox_workspace_id } = await parley.credentials()
  const login = await parley.call('POST', '/v1/auth/login', {
    key: null,
    body: { email, password, workspace_id: sandbox_workspace_id },
  })
  const { body: connection, status } = await parley.call('PUT', '/v1/oidc-connection', {
    key: login.body.token,
    body: { issuer: provider.issuer, ...provider.client },
  })
  assert.equal(status, 200, JSON.stringify(connection))
  assert.equal(connection.redirect_uri, `${parley.baseUrl}/v1/auth/oidc/callback/${sandbox_workspace_id}`)
  provider.accounts.set('admin', { email, email_verified: true, name: 'Admin' })

  const browser = createBrowser()
  const begin = async (more = ''): Promise<string> => {
    const response = await browser.visit(connection.sign_in_url + more)
    assert.equal(response.status, 302, parley.output())
    return response.headers.get('location')!
  }
  const callback = await logInAt(provider, browser, { url: await begin(), subject: 'admin' })
  const signedIn: any = await (await browser.visit(callback)).json()
  assert.equal(signedIn.user.email, email)
  assert.equal((await browser.visit(callback)).status, 401)

  // What was begun before a restart ends after it.
  const under = await begin(`&return_to=${encodeURIComponent('/docs')}`)
  await parley.stop()
  await parley.start()
  const home = await browser.visit(await logInAt(provider, browser, { url: under, subject: 'admin' }))
  const code = new URL(home.headers.get('location')!).searchParams.get('code')
  const exchange = () =>
    browser.visit(`${parley.baseUrl}/v1/auth/oidc/exchange`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ code }),
    })
  const bought: any = await (await exchange()).json()
  assert.equal((await exchange()).status, 401)
  for (const { token } of [signedIn, bought]) {
    const me = await parley.call('GET', '/v1/users/me', { key: token })
    assert.equal(me.body.email, email)
  }
  assert.ok(!parley.output().includes(provider.client.client_secret))
})
