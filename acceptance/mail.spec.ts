import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startMailServer } from '../server/test/mail-server.ts'
import { eventually, installParley } from './parley.ts'

const password = 'mail: server@secret/1'

const server = await startMailServer()
const parley = await installParley({
  PARLEY_SMTP_URL: `smtp://parley:${encodeURIComponent(password)}@127.0.0.1:${server.port}`,
  PARLEY_MAIL_FROM: 'Parley <parley@example.com>',
})
after(async () => {
  await parley.remove()
  await server.stop()
})

test('an invited person gets a mail and becomes a member by it, also when the server is killed while it is sent', {
  timeout: 240_000,
}, async () => {
  await parley.start()
  const { live_key: key } = await parley.credentials()
  server.beforeTaking(async () => {
    await parley.stop('SIGKILL')
  })
  const body = { email: 'grace@example.org', role: 'developer' }
  const invited = await parley.call('POST', '/v1/invites', { key, body }).catch(() => null)
  await eventually(
    async () => server.taken.length,
    (taken) => taken === 1,
    60_000,
  )
  await parley.stop('SIGKILL')
  const before = parley.output()
  server.beforeTaking(async () => undefined)
  await parley.start()
  await eventually(
    async () => server.taken.length,
    (taken) => taken === 2,
    60_000,
  )
  const [first, second] = server.taken
  assert.equal(first!.headers['message-id'], second!.headers['message-id'])
  assert.deepEqual([second!.from, second!.to], ['parley@example.com', 'grace@example.org'])
  const token = /Token: (invite_\S+)/.exec(second!.text)![1]!
  if (invited) assert.equal(invited.body.token, token)
  const accepted = await parley.call('POST', '/v1/invites/accept', {
    key: null,
    body: { token, name: 'Grace', password: 'correct horse battery' },
  })
  assert.deepEqual([accepted.status, accepted.body.email], [201, 'grace@example.org'])
  assert.deepEqual(server.signedIn[0], { user: 'parley', pass: password, isEncrypted: false })
  await parley.stop()
  for (const output of [before, parley.output()])
    for (const secret of [password, encodeURIComponent(password), token]) assert.ok(!output.includes(secret))
})
