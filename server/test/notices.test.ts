import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { createSmtpMailer } from '../src/base/smtp-mailer.ts'
import { openTestApp, type TestApp } from './app.ts'
import { eventScenarios } from './event-scenarios.ts'
import { type MailServer, startMailServer, type TakenMail } from './mail-server.ts'
import { startReceiver } from './receiver.ts'
import { makeTenant, type Tenant } from './tenant.ts'

let app: TestApp
let mailServer: MailServer
before(async () => {
  mailServer = await startMailServer()
  const server = { host: '127.0.0.1', port: mailServer.port, isSecure: false, auth: null }
  const mailer = createSmtpMailer({ server, from: { name: '', address: 'parley@example.com' } })
  app = await openTestApp({ background: true, mailer })
})
after(async () => {
  await app.close()
  await mailServer.stop()
})

// The test's own time limit ends a wait for what never comes.
const mailTo = async (address: string): Promise<TakenMail> => {
  for (;;) {
    const mail = mailServer.taken.find(({ to }) => to === address)
    if (mail) return mail
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const play = async (tenant: Tenant, type: string): Promise<void> => {
  const receiver = await startReceiver()
  try {
    const send = async (method: string, path: string, body?: unknown) =>
      (await tenant.app.call(method, path, { key: tenant.key, body })).json()
    await eventScenarios[type]!({ tenant, receiver, send })
    for (;;) {
      const { data } = await tenant.get(`/v1/events?type=${type}`)
      if ((data as unknown[]).length > 0) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  } finally {
    await receiver.stop()
  }
}

const subjects: Record<string, RegExp> = {
  'api_key.expiring': /^API key “Trial” of “.+” expires in 6 days$/,
  'webhook.endpoint.failing': /^A webhook of “.+” has been failing for 24 hours$/,
  'webhook.endpoint.disabled': /^A webhook of “.+” was disabled$/,
  'webhook.endpoint.recovered': /^A webhook of “.+” works again, and has missed events$/,
  'usage.limit_reached': /^“.+” has reached a limit of its plan$/,
}

for (const [type, subject] of Object.entries(subjects))
  test(`what makes ${type} happen makes the owner get a mail`, { timeout: 60_000 }, async () => {
    const tenant = await makeTenant(app)
    await play(tenant, type)
    const { headers, text, from } = await mailTo(tenant.owner.email)
    assert.match(headers.subject!, subject)
    assert.equal(from, 'parley@example.com')
    assert.match(text, /https:\/\/parley\.test\/docs\//)
  })

test('an invite is answered with its token, and mailed with the same', async () => {
  const [tenant, email] = [await makeTenant(app), 'grace@acme.test']
  const { token } = await tenant.post('/v1/invites', { email, role: 'viewer' })
  assert.ok((await mailTo(email)).text.includes(`Token: ${token}`))
})

test('a server without SMTP queues nothing', { timeout: 60_000 }, async () => {
  const silent = await openTestApp({ background: true })
  try {
    const tenant = await makeTenant(silent)
    await tenant.post('/v1/invites', { email: 'grace@acme.test', role: 'viewer' })
    await play(tenant, 'usage.limit_reached')
    const { system } = silent.database
    const lanes = await system.selectFrom('lanes').select('kind').where('kind', '=', 'send_notice').execute()
    assert.deepEqual([lanes, await system.selectFrom('notice_counts').selectAll().execute()], [[], []])
  } finally {
    await silent.close()
  }
})
