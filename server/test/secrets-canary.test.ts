import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import { z } from 'zod'
import { createLog } from '../src/base/log.ts'
import { createSmtpMailer } from '../src/base/smtp-mailer.ts'
import { codeOf, stepAt } from '../src/domain/users/totp.ts'
import { endpoints } from '../src/endpoints.ts'
import { defineEndpoint, ok } from '../src/http/endpoint.ts'
import { openTestApp, type TestApp, type TestRequest, type TestResponse } from './app.ts'
import { type MailServer, startMailServer } from './mail-server.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { makeTenant, type Tenant } from './tenant.ts'

type Json = Record<string, unknown>

const lines: string[] = []
/** What the API tells of webhooks and their deliveries. */
const answers: string[] = []
let app: TestApp
let tenant: Tenant
let receiver: Receiver
let mailServer: MailServer
/** By what they are, so that a leak says which. */
const secrets: Record<string, string> = {}
/** Known to the server's settings alone: no caller has it to put anywhere. */
const smtpPassword = `smtp ${randomBytes(18).toString('base64url')}`

// A fault of the server itself, whose error quotes what it was given, as a database's may.
const faulty = defineEndpoint({
  id: 'canary_break',
  method: 'POST',
  path: '/v1/canary',
  access: 'any_key',
  tag: 'Health',
  summary: 'Breaks',
  body: z.strictObject({ text: z.string() }),
  responses: { 200: z.object({}) },
  handler: async ({ body }) => {
    if (body.text !== '')
      throw Object.assign(new Error(`Failing row contains (${body.text}).`, { cause: new Error(body.text) }), {
        detail: body.text,
        parameters: [body.text],
      })
    return ok({})
  },
})

// It refuses the password, and quotes it.
const startRefusing = (): Promise<MailServer> =>
  startMailServer({ onAuth: ({ password }, _session, callback) => callback(new Error(`Wrong password: ${password}`)) })

before(async () => {
  mailServer = await startRefusing()
  app = await openTestApp({
    mailer: createSmtpMailer({
      server: {
        ...{ host: '127.0.0.1', port: mailServer.port, isSecure: false },
        auth: { user: 'parley', pass: smtpPassword },
      },
      from: { name: 'Parley', address: 'parley@example.com' },
    }),
    endpoints: [...endpoints, faulty],
    background: true,
    log: createLog('trace', { write: (line: string) => lines.push(line) }),
    settings: { webhookRetrySeconds: [0, 0.01, 0.01] },
  })
  ;[tenant, receiver] = await Promise.all([makeTenant(app), startReceiver()])
})
after(async () => {
  await receiver.stop()
  await app.close()
  await mailServer.stop()
})

const call = async (method: string, path: string, request: TestRequest, below = 300): Promise<TestResponse> => {
  const response = await app.call(method, path, request)
  assert.ok(response.status < below, `${method} ${path} answered ${response.status}: ${response.text}`)
  return response
}

const answerOf = async (method: string, path: string, key: string, body: Json): Promise<Json> =>
  (await call(method, path, { key, body })).json()

const bytesOfBase32 = (text: string): Buffer => {
  const bits = [...text].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)))
}

/** Makes one of every kind of secret, and uses each as it is meant to be used. */
const makeSecrets = async (): Promise<void> => {
  const { key, session } = tenant
  secrets['api key'] = String((await answerOf('POST', '/v1/api-keys', key, keyInput)).key)
  const minted = await answerOf('POST', '/v1/api-keys', key, keyInput)
  secrets['rotated api key'] = String((await answerOf('POST', `/v1/api-keys/${minted.id}/rotate`, key, {})).key)
  secrets['webhook header'] = `Bearer ${randomBytes(24).toString('base64url')}`
  secrets['replaced webhook header'] = randomBytes(24).toString('base64url')
  const hook = { url: receiver.url, events: ['*'], headers: { 'X-Gateway': secrets['replaced webhook header'] } }
  const made = await answerOf('POST', '/v1/webhooks', key, hook)
  secrets['webhook secret'] = String(made.secret)
  await answerOf('PATCH', `/v1/webhooks/${made.id}`, key, { headers: { Authorization: secrets['webhook header'] } })
  const rotate = async (body: Json) =>
    String((await answerOf('POST', `/v1/webhooks/${made.id}/rotate-secret`, key, body)).secret)
  secrets['rotated webhook secret'] = await rotate({ overlap_seconds: 0 })
  secrets['newest webhook secret'] = await rotate({})
  const door = { url: receiver.url, events: ['contact.deleted'] }
  secrets['webhook secret of the klairo door'] = String((await answerOf('POST', '/api/webhooks', key, door)).secret)

  const email = `${randomUUID()}@acme.test`
  const invite = await answerOf('POST', '/v1/invites', session, { email, role: 'viewer' })
  secrets['invite token'] = String(invite.token)
  secrets.password = `correct horse ${randomBytes(9).toString('base64url')}`
  const joined = { token: invite.token, name: 'Daniel Kmit', password: secrets.password }
  await call('POST', '/v1/invites/accept', { body: joined })

  const login = (await call('POST', '/v1/auth/login', { body: { email, password: secrets.password } })).json()
  const renewed = await call('POST', '/v1/auth/refresh', { body: { refresh_token: login.refresh_token } })
  secrets['used refresh token'] = String(login.refresh_token)
  secrets['refresh token'] = String(renewed.json().refresh_token)
  secrets['session token'] = String(renewed.json().token)
  const enrolment = await answerOf('POST', '/v1/users/me/totp', secrets['session token'], {
    password: secrets.password,
  })
  secrets['totp secret'] = String(enrolment.secret)
  const code = codeOf(bytesOfBase32(secrets['totp secret']), stepAt(new Date()))
  const confirmed = await answerOf('POST', '/v1/users/me/totp/confirm', secrets['session token'], { code })
  secrets['recovery code'] = (confirmed.recovery_codes as string[])[0]!
  secrets['new password'] = `battery staple ${randomBytes(9).toString('base64url')}`
  const changed = { new_password: secrets['new password'], current_password: secrets.password }
  await call('PATCH', '/v1/users/me', { key: secrets['session token'], body: changed })
  secrets['client secret'] = randomBytes(24).toString('base64url')
}

const keyInput = { name: 'Import', scopes: ['contacts:read'] }

/** What a secret looks like tells it apart from a word; the others are only hidden where their place names them. */
const isRecognisable = (secret: string): boolean => /^(?:ply_|whsec_|invite_|refresh_|eyJ)/.test(secret)

/** A webhook that nothing is ever sent to. */
const quiet = { url: 'https://example.com/hooks', events: ['contact.deleted'] }

const urlOf = (secret: string): string => encodeURIComponent(secret)

/** Puts a secret wherever a caller can: most of these requests are refused, and each may be told of somewhere. */
const misplace = async (secret: string): Promise<void> => {
  const { key } = tenant
  const anywhere: [string, string, TestRequest][] = [
    ['GET', `/v1/contacts?search=${urlOf(secret)}`, { key }],
    ['GET', `/v1/contacts?api_key=${urlOf(secret)}`, { key }],
    ['GET', `/v1/contacts?cursor=${urlOf(secret)}`, { key }],
    ['GET', `/v1/contacts/${urlOf(secret)}`, { key }],
    ['GET', `/nowhere/${urlOf(secret)}`, { key }],
    ['GET', '/v1/contacts', { key: secret }],
    ['GET', '/v1/contacts', { headers: { 'x-api-key': secret } }],
    ['GET', '/v1/contacts', { key, headers: { 'x-api-key': secret } }],
    ['GET', '/v1/contacts', { key, headers: { 'user-agent': secret, cookie: `session=${secret}`, referer: secret } }],
    ['POST', '/v1/contacts', { key, body: { [secret]: 1 } }],
    ['POST', '/v1/contacts', { key, body: { name: 'Ada', password: secret } }],
    ['POST', '/v1/contacts', { key, body: `{"name": "${secret}` }],
    ['POST', '/v1/contacts', { key, body: { name: 'Ada', tags: secret } }],
    ['POST', '/v1/contacts', { key, body: { name: 'Ada' }, headers: { 'content-type': secret } }],
    ['POST', '/v1/contacts', { key, body: { name: 'Ada' }, headers: { 'idempotency-key': secret } }],
    ['POST', '/v1/api-keys', { key, body: { name: 'Import', scopes: [secret] } }],
    ['POST', '/v1/webhooks', { key, body: { url: `https://${urlOf(secret)}@example.com/`, events: ['*'] } }],
    ['POST', '/v1/webhooks', { key, body: { url: receiver.url, events: [secret] } }],
    ['POST', '/v1/webhooks', { key, body: { ...quiet, headers: { 'X-Token': secret } } }],
    ['POST', '/v1/webhooks', { key, body: { ...quiet, headers: { 'X-Token': `${secret}\u00a0` } } }],
    ['POST', '/v1/webhooks', { key, body: { ...quiet, headers: { 'webhook-id': secret } } }],
    ['POST', '/api/webhooks', { key, body: { url: `https://${urlOf(secret)}@example.com/`, events: ['*'] } }],
    ['POST', '/api/webhooks?action=test', { key, body: { id: secret } }],
    ['POST', `/api/webhooks?action=test&id=${urlOf(secret)}`, { key, body: {} }],
    ['POST', '/v1/auth/login', { body: { email: 'ada@acme.test', password: secret } }],
    ['POST', '/v1/auth/login', { body: { email: secret, password: 'x' } }],
    ['POST', '/v1/auth/refresh', { body: { refresh_token: secret } }],
    ['POST', '/v1/invites/accept', { body: { token: secret, name: 'Ada', password: secret } }],
    ['POST', '/v1/users/me/totp/confirm', { key: tenant.session, body: { code: secret } }],
  ]
  for (const [method, path, request] of anywhere) await call(method, path, request, 500)
  if (!isRecognisable(secret)) return
  const named = { key, headers: { 'x-request-id': secret.slice(0, 128) } }
  await call('GET', '/v1/contacts', named)
  await call('POST', '/v1/api-keys', { ...named, body: keyInput })
  const broken = await app.call('POST', '/v1/canary', { ...named, body: { text: `the row of ${secret}` } })
  assert.equal(broken.status, 500)
}

/** An endpoint that sends back what it was told, and more, with a failure each time. */
const echo = async (): Promise<void> => {
  // What it was never sent, and nobody can know any more, it cannot be kept from telling.
  const quoted = Object.keys(secrets).flatMap((what) => (what === 'replaced webhook header' ? [] : [secrets[what]!]))
  const failWith = (status: number) =>
    receiver.respond((_, response, { headers, body }) =>
      response
        .writeHead(status, { 'x-echo': quoted, 'x-heard': String(headers.authorization) })
        .end(`${JSON.stringify(headers)}${quoted.join('\n')}${body}`),
    )
  failWith(500)
  await tenant.post('/v1/contacts', { name: 'Ada' })
  while (receiver.received.length < 3) await new Promise((resolve) => setTimeout(resolve, 10))
  const { data } = (await tenant.get('/v1/webhooks?limit=100')) as { data: { id: string; events: string[] }[] }
  const { id } = data.find(({ events }) => events.includes('*'))!
  answers.push((await call('POST', `/v1/webhooks/${id}/test`, { key: tenant.key, body: {} })).text)
  answers.push((await call('POST', '/api/webhooks?action=test', { key: tenant.key, body: { id } })).text)
  const all = async () => (await tenant.get(`/v1/event-deliveries?webhook_id=${id}&limit=100`)).data as Json[]
  while ((await all()).every(({ status }) => status !== 'failed'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  for (const delivery of await all())
    answers.push((await call('GET', `/v1/event-deliveries/${delivery.id}`, { key: tenant.key })).text)
  answers.push((await call('GET', `/api/webhooks?action=deliveries&id=${id}`, { key: tenant.key })).text)
  answers.push((await call('GET', '/api/webhooks', { key: tenant.key })).text)
  failWith(404)
  await tenant.post('/v1/knowledge-sources', { type: 'url', name: 'Help', url: receiver.url })
  const failed = async () => (await tenant.get('/v1/events?type=knowledge_source.failed&limit=1')).data as unknown[]
  while ((await failed()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
}

const rowsOf = async (table: string): Promise<string> => {
  const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.table(table)} t`.execute(
    app.database.system,
  )
  return rows.map(({ text }) => text).join('\n')
}

const leaksIn = (text: string): string[] =>
  Object.entries(secrets)
    .filter(([, secret]) => text.includes(secret) || text.includes(urlOf(secret)) || text.includes(secret.slice(-20)))
    .map(([what]) => what)

test('no secret reaches the process log, the request log, the audit log or an event, wherever it was put', {
  timeout: 100_000,
}, async () => {
  await makeSecrets()
  for (const secret of Object.values(secrets)) await misplace(secret)
  await echo()
  // Nobody accepts this one, so that there is something to mail.
  await answerOf('POST', '/v1/invites', tenant.session, { email: `${randomUUID()}@acme.test`, role: 'viewer' })
  while (!lines.some((line) => line.includes('a notice could not be mailed')))
    await new Promise((resolve) => setTimeout(resolve, 10))
  secrets['smtp password'] = smtpPassword
  await app.deps.requestRecorder.flush()

  const log = lines.join('')
  assert.match(log, /a request failed/)
  assert.match(log, /Wrong password: ••••/)
  assert.deepEqual(leaksIn(log), [], 'in the process log')
  for (const table of ['request_logs', 'audit_logs', 'event_outbox', 'events']) {
    const text = await rowsOf(table)
    if (table !== 'event_outbox') assert.notEqual(text, '', `${table} is empty, so it shows nothing`)
    assert.deepEqual(leaksIn(text), [], `in ${table}`)
  }
  for (const path of ['/v1/request-logs', '/v1/audit-logs', '/v1/events'])
    assert.deepEqual(leaksIn((await call('GET', `${path}?limit=100`, { key: tenant.key })).text), [], path)
})

test('no secret and no header of a webhook is readable in any table, or in what is told of its deliveries', async () => {
  const ofWebhooks = (leaks: string[]) => leaks.filter((what) => what.includes('webhook'))
  assert.ok(ofWebhooks(Object.keys(secrets)).length === 6 && answers.length > 5)
  for (const text of answers) assert.deepEqual(ofWebhooks(leaksIn(text)), [], text.slice(0, 2_000))
  assert.match(answers.join(''), /"x-heard":"••••"/)
  const { rows: tables } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and has_table_privilege(oid, 'select')
      -- Kept as the caller chose it, even a caller who chose a secret.
      and relname <> 'idempotency_keys'`.execute(app.database.system)
  assert.ok(tables.length > 20)
  for (const { name } of tables) assert.deepEqual(ofWebhooks(leaksIn(await rowsOf(name))), [], `in ${name}`)
})

test('a contact’s metadata is data: what somebody stores there comes back', async () => {
  const metadata = { handed_over: secrets['client secret'] }
  assert.deepEqual((await tenant.post('/v1/contacts', { name: 'Ada', metadata })).metadata, metadata)
})
