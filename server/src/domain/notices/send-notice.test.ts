import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import test, { after, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../test/database.ts'
import { type MailServer, startMailServer } from '../../../test/mail-server.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { createLog } from '../../base/log.ts'
import type { Mailer } from '../../base/mailer.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import { createSmtpMailer } from '../../base/smtp-mailer.ts'
import { startWorker } from '../../work/worker.ts'
import { createInvite, removeMember, revokeInvite } from '../users/index.ts'
import { createNoticeKind } from './index.ts'
import { happen, makeMember, numberAndNotify, queuedFor } from './notices.fixture.ts'

const database = await openTestDatabase()
after(() => database.close())

const password = `pass-${randomBytes(12).toString('hex')}`
const from = { name: 'Parley', address: 'parley@example.com' }
const secretBox = createSecretBox([{ id: 1, key: randomBytes(32) }])
const settings = { publicUrl: 'https://parley.test' }

const mailerTo = (server: Pick<MailServer, 'port'>, timeouts?: { totalMs: number; silenceMs: number }): Mailer =>
  createSmtpMailer({
    ...(timeouts ? { timeouts } : {}),
    server: { host: '127.0.0.1', port: server.port, isSecure: false, auth: { user: 'parley', pass: password } },
    from,
  })

type Working = { mailer: Mailer; retrySeconds?: readonly number[]; clock?: Clock }

const startMailing = (t: TestContext, { mailer, retrySeconds = [0, 0, 0], clock = systemClock }: Working) => {
  const lines: string[] = []
  const log = createLog('info', { write: (line: string) => lines.push(line) })
  const kinds = [createNoticeKind({ clock, log, mailer, secretBox, settings, retrySeconds })]
  const worker = startWorker({ db: database.system, kinds, clock, log, pollMs: 20 })
  t.after(() => worker.stop(0))
  return { worker, log: () => lines.join('') }
}

const startServer = async (t: TestContext): Promise<MailServer> => {
  const server = await startMailServer()
  t.after(server.stop)
  return server
}

// The test's own time limit ends a wait for what never comes.
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

const newAddress = () => `${randomUUID()}@acme.test`

/** What the server took and was asked for of these addresses: an earlier test may have left a mail of its own. */
const ofOnly = ({ taken, asked }: MailServer, addresses: string[]) => ({
  taken: taken.filter(({ to }) => addresses.includes(to)),
  asked: asked.filter((address) => addresses.includes(address)),
})

const done = (workspaceId: string) => until(async () => (await queuedFor(database, workspaceId)).length === 0)

const makeScene = async (count = 1) => {
  const workspaceId = await makeWorkspace(database)
  const people = []
  for (let i = 0; i < count; i++) people.push(await makeMember(database, workspaceId))
  return { workspaceId, people, ctx: makeCtx(database, workspaceId) }
}

const tell = async (workspaceId: string): Promise<void> => {
  await happen(database, { workspaceId, type: 'webhook.endpoint.failing', data: { url: 'https://acme.test/hook' } })
  await numberAndNotify(database, systemClock)
}

test('everybody concerned gets a mail of their own about a webhook that fails', async (t) => {
  const server = await startServer(t)
  const { workspaceId, people } = await makeScene(2)
  await database.system
    .updateTable('workspaces')
    .set({ name: 'Acme\r\nBcc: eve@evil.test <b>&' })
    .where('id', '=', workspaceId)
    .execute()
  await tell(workspaceId)
  startMailing(t, { mailer: mailerTo(server) })
  await done(workspaceId)
  const addresses = people.map(({ email }) => email).sort()
  const { taken } = ofOnly(server, addresses)
  assert.deepEqual(taken.map(({ to }) => to).sort(), addresses)
  const { headers, text, html, raw } = taken[0]!
  assert.equal(headers.subject, 'A webhook of “Acme Bcc: eve@evil.test <b>&” has been failing for 24 hours')
  assert.match(text, /Address: https:\/\/acme\.test\/hook/)
  assert.match(html, /Acme Bcc: eve@evil\.test &lt;b&gt;&amp;/)
  assert.doesNotMatch(raw, /^bcc:/im)
  assert.notEqual(headers['message-id'], taken[1]!.headers['message-id'])
})

test('an invite is mailed with its token, which is stored nowhere in clear', async (t) => {
  const server = await startServer(t)
  const { ctx, workspaceId } = await makeScene()
  const mailer = mailerTo(server)
  const email = newAddress()
  const { token } = await createInvite(ctx, { email, role: 'developer' }, { mailer, secretBox })
  const { rows } = await sql<{ row: string }>`select w::text as row from work_items w`.execute(database.system)
  assert.ok(rows.length > 0)
  for (const { row } of rows) assert.ok(!row.includes(token) && !row.includes(Buffer.from(token).toString('base64')))
  const { log } = startMailing(t, { mailer })
  await done(workspaceId)
  const [mail] = ofOnly(server, [email]).taken
  assert.ok(
    mail!.text.includes(`Token: ${token}`) && mail!.text.includes('/v1/invites/accept') && mail!.html.includes(token),
  )
  assert.match(mail!.text, /Role: developer/)
  assert.ok(!log().includes(token))
})

test('nothing is queued for an invite where the server sends no mail', async () => {
  const { ctx, workspaceId } = await makeScene()
  await createInvite(ctx, { email: newAddress(), role: 'viewer' }, { mailer: null, secretBox })
  await createInvite(ctx, { email: newAddress(), role: 'viewer' })
  assert.deepEqual(await queuedFor(database, workspaceId), [])
})

test('an invite that was withdrawn or replaced, and a person who is no longer concerned, get no mail', async (t) => {
  const server = await startServer(t)
  const { ctx, workspaceId, people } = await makeScene(2)
  const outside = { mailer: mailerTo(server), secretBox }
  const [carl, grace] = [newAddress(), newAddress()]
  const withdrawn = await createInvite(ctx, { email: carl, role: 'viewer' }, outside)
  await revokeInvite(ctx, withdrawn.row.id)
  await createInvite(ctx, { email: grace, role: 'viewer' }, outside)
  const newest = await createInvite(ctx, { email: grace, role: 'viewer' }, outside)
  await tell(workspaceId)
  const owner = { ...ctx, actor: { type: 'system', name: 'test' } as const }
  await removeMember(owner, people[1]!.userId)
  startMailing(t, outside)
  await done(workspaceId)
  const { taken } = ofOnly(server, [carl, grace, ...people.map(({ email }) => email)])
  assert.deepEqual(taken.map(({ to }) => to).sort(), [people[0]!.email, grace].sort())
  assert.ok(taken.some(({ text }) => text.includes(newest.token)))
})

test('an address is mailed five invites in a day, and a workspace a hundred; the invites are made all the same', async (t) => {
  const server = await startServer(t)
  const { ctx, workspaceId } = await makeScene()
  const at = { now: () => new Date(Date.UTC(2026, 2, 11, 9)) }
  const invite = (email: string, clock: Clock = at) =>
    createInvite({ ...ctx, clock }, { email, role: 'viewer' }, { mailer: mailerTo(server), secretBox })
  const grace = newAddress()
  for (let i = 0; i < 7; i++) assert.match((await invite(grace)).token, /^invite_/)
  assert.equal((await queuedFor(database, workspaceId)).length, 5)
  for (let i = 0; i < 100; i++) await invite(`person-${i}@acme.test`)
  assert.equal((await queuedFor(database, workspaceId)).length, 100)
  await invite(grace, { now: () => new Date(Date.UTC(2026, 2, 12, 9)) })
  assert.equal((await queuedFor(database, workspaceId)).length, 101)
})

test('an address is mailed five invites in a day by all accounts of an agency together', async (t) => {
  const { workspaceId: agencyId } = await makeScene()
  const outside = { mailer: mailerTo(await startServer(t)), secretBox }
  const email = newAddress()
  const clock = { now: () => new Date(Date.UTC(2026, 2, 11, 9)) }
  const accounts: string[] = []
  for (let i = 0; i < 8; i++) {
    const { ctx, workspaceId } = await makeScene()
    await database.system.updateTable('workspaces').set({ parent_id: agencyId }).where('id', '=', workspaceId).execute()
    await createInvite({ ...ctx, clock }, { email, role: 'viewer' }, outside)
    accounts.push(workspaceId)
  }
  const queued = []
  for (const account of accounts) queued.push((await queuedFor(database, account)).length)
  assert.deepEqual(queued, [1, 1, 1, 1, 1, 0, 0, 0])
})

test('a mail that is put off is tried again until it is taken', async (t) => {
  const server = await startServer(t)
  const { workspaceId, people } = await makeScene()
  await tell(workspaceId)
  const answers = [450, 421, undefined]
  const address = people[0]!.email
  const own = () => ofOnly(server, [address])
  server.judge(() => answers[own().asked.length - 1])
  const { log } = startMailing(t, { mailer: mailerTo(server) })
  await done(workspaceId)
  const { asked, taken } = own()
  assert.deepEqual([asked.length, taken.length], [3, 1])
  const again = log()
    .split('\n')
    .filter((line) => line.includes('will be tried again') && line.includes(workspaceId))
  assert.equal(again.length, 2)
  assert.match(taken[0]!.headers['message-id']!, /^<[0-9a-f-]{36}@example\.com>$/)
})

test('a mail whose outcome was lost is sent again with the same Message-ID', async (t) => {
  const server = await startServer(t)
  const { workspaceId, people } = await makeScene()
  await tell(workspaceId)
  // The server has it, and says nothing.
  let silent = true
  server.beforeTaking(() => (silent ? new Promise<void>(() => (silent = false)) : Promise.resolve()))
  // On a busy machine the honest answer may be too late as well.
  const mailer = mailerTo(server, { totalMs: 60_000, silenceMs: 500 })
  startMailing(t, { mailer, retrySeconds: Array(100).fill(0) })
  await done(workspaceId)
  const { taken } = ofOnly(server, [people[0]!.email])
  assert.ok(taken.length > 1)
  assert.equal(new Set(taken.map(({ headers }) => headers['message-id'])).size, 1)
})

test('a mail that is refused for good, or in vain too often, is given up with a line in the log', async (t) => {
  const server = await startServer(t)
  const { workspaceId, people } = await makeScene(2)
  await tell(workspaceId)
  const [gone, busy] = people.map(({ email }) => email)
  server.judge((address) => (address === gone ? 550 : 450))
  const { log } = startMailing(t, { mailer: mailerTo(server), retrySeconds: [0, 0] })
  await done(workspaceId)
  assert.deepEqual(
    [gone, busy].map((email) => server.asked.filter((address) => address === email).length),
    [1, 3],
  )
  const given = log()
    .split('\n')
    .filter((line) => line.includes('was given up') && line.includes(workspaceId))
    .map((line) => JSON.parse(line))
  assert.deepEqual(given.map(({ status, workspace_id }) => [status, workspace_id]).sort(), [
    [450, workspaceId],
    [550, workspaceId],
  ])
  assert.deepEqual(ofOnly(server, [gone!, busy!]).taken, [])
})

test('a server that cannot be reached is waited for, and the password is never in the log', async (t) => {
  const server = await startMailServer({
    onAuth: (_auth, _session, callback) => callback(new Error(`Not with ${password}`)),
  })
  const { workspaceId } = await makeScene()
  await tell(workspaceId)
  const { log } = startMailing(t, { mailer: mailerTo(server), retrySeconds: Array(1_000).fill(0) })
  await until(() => log().includes('EAUTH'))
  await server.stop()
  await until(() => /ECONNECTION|ESOCKET|ECONNREFUSED/.test(log()))
  assert.equal((await queuedFor(database, workspaceId)).length, 1)
  for (const form of [
    password,
    Buffer.from(password).toString('base64'),
    Buffer.from(`\u0000parley\u0000${password}`).toString('base64'),
  ])
    assert.ok(!log().includes(form))
})

test('a worker that is stopped in the middle leaves the mail to the next', async (t) => {
  const server = await startServer(t)
  const { workspaceId, people } = await makeScene()
  await tell(workspaceId)
  let begun = false
  const hanging: Mailer = {
    send: (_mail, signal) =>
      new Promise((_resolve, reject) => {
        begun = true
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  }
  const { worker, log } = startMailing(t, { mailer: hanging })
  await until(() => begun)
  await worker.stop(0)
  assert.doesNotMatch(log(), /tried again|given up/)
  startMailing(t, { mailer: mailerTo(server) })
  await done(workspaceId)
  assert.equal(ofOnly(server, [people[0]!.email]).taken.length, 1)
})

test('so many mails are under way at once, whatever waits, and none of them is lost', async (t) => {
  const server = await startServer(t)
  const scenes = []
  for (let i = 0; i < 6; i++) scenes.push(await makeScene(4))
  for (const { workspaceId } of scenes) await tell(workspaceId)
  let [now, most] = [0, 0]
  const honest = mailerTo(server)
  const counting: Mailer = {
    send: async (mail, signal) => {
      most = Math.max(most, ++now)
      await honest.send(mail, signal).finally(() => now--)
    },
  }
  // What stands aside comes back after seconds: they pass at once here.
  const startedAt = Date.now()
  const clock = { now: () => new Date(startedAt + (Date.now() - startedAt) * 100) }
  startMailing(t, { mailer: counting, clock })
  for (const { workspaceId } of scenes) await done(workspaceId)
  assert.ok(most > 1 && most <= 8, `${most} at once`)
  const addresses = scenes.flatMap(({ people }) => people.map(({ email }) => email)).sort()
  const { taken } = ofOnly(server, addresses)
  assert.deepEqual(taken.map(({ to }) => to).sort(), addresses)
})

test('what waited until it is no news is not mailed', async (t) => {
  const server = await startServer(t)
  const { workspaceId, people } = await makeScene()
  await tell(workspaceId)
  const later = { now: () => new Date(Date.now() + 4.01 * 86_400_000) }
  startMailing(t, { mailer: mailerTo(server), clock: later })
  await done(workspaceId)
  assert.deepEqual(ofOnly(server, [people[0]!.email]).asked, [])
})

test('a token that can no longer be opened is not mailed, and holds up nothing else', async (t) => {
  const server = await startServer(t)
  const { ctx, workspaceId, people } = await makeScene()
  const mailer = mailerTo(server)
  const [grace, owner] = [newAddress(), people[0]!.email]
  const other = createSecretBox([{ id: 1, key: randomBytes(32) }])
  await createInvite(ctx, { email: grace, role: 'viewer' }, { mailer, secretBox: other })
  await tell(workspaceId)
  startMailing(t, { mailer })
  const waiting = async () => (await queuedFor(database, workspaceId)).map(({ about }) => about)
  await until(async () => (await waiting()).length === 1)
  const told = ofOnly(server, [grace, owner]).taken.map(({ to }) => to)
  assert.deepEqual([await waiting(), told], [['invite'], [owner]])
})
