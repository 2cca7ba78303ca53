import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test, { after, before } from 'node:test'
import { verify as verifyLikeGitHub } from '@octokit/webhooks-methods'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { type Received, type Receiver, startReceiver } from '../../../test/receiver.ts'
import type { Database } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { makeNote, makeOutside, type Outside, startDelivering, until } from './delivering.fixture.ts'
import { createWebhook, getWebhook, promoteSecret, purgeSecrets, readCheckpoint, rotateSecret } from './index.ts'

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

type Scene = { ctx: Ctx; outside: Outside; receiver: Receiver; webhookId: string; first: string }

const withWebhook = async (play: (scene: Scene) => Promise<void>): Promise<void> => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  const [receiver, outside] = [await startReceiver(), makeOutside([0, 0.1, 0.1])]
  const { row, secret } = await createWebhook(ctx, { url: receiver.url, events: ['note.*'] }, outside)
  const { stop } = startDelivering(database, outside)
  try {
    await play({ ctx, outside, receiver, webhookId: row.id, first: secret })
  } finally {
    await stop()
    await outside.safeHttp.close()
    await receiver.stop()
  }
}

const standardVerifies = ({ headers, body }: Received, secret: string): boolean => {
  try {
    new StandardWebhook(secret).verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

const legacyVerifies = ({ headers, body }: Received, secret: string): Promise<boolean> =>
  verifyLikeGitHub(secret, body.toString(), String(headers['x-parley-signature']))

const sendOne = async ({ ctx, receiver }: Scene, n: number): Promise<Received> => {
  const before = receiver.received.length
  await makeNote(ctx, n)
  await until('it arrives', () => receiver.received.length > before)
  return receiver.received.at(-1)!
}

test('while a rotation is under way, receivers with the old and with the new secret verify every delivery', () =>
  withWebhook(async (scene) => {
    const { ctx, outside, webhookId, first } = scene
    const rotated = await rotateSecret(ctx, webhookId, {}, outside)
    assert.notEqual(rotated.secret, first)
    assert.ok(rotated.previousExpiresAt!.getTime() > Date.now() + 86_000_000)
    const during = await sendOne(scene, 1)
    assert.ok(standardVerifies(during, first) && standardVerifies(during, rotated.secret))
    assert.deepEqual([await legacyVerifies(during, first), await legacyVerifies(during, rotated.secret)], [true, false])
    assert.equal((await getWebhook(ctx, webhookId)).legacy_version, 1)

    await promoteSecret(ctx, webhookId)
    const afterwards = await sendOne(scene, 2)
    assert.ok(!standardVerifies(afterwards, first) && standardVerifies(afterwards, rotated.secret))
    assert.ok(await legacyVerifies(afterwards, rotated.secret))
    assert.equal((await getWebhook(ctx, webhookId)).previous_secrets_until, null)
  }))

test('a receiver that was given the new secret alone is served in the same attempt, and from then on at once', () =>
  withWebhook(async (scene) => {
    const { ctx, outside, receiver, webhookId } = scene
    const { secret } = await rotateSecret(ctx, webhookId, {}, outside)
    receiver.respond((request, response, { body }) => {
      const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
      response.writeHead(request.headers['x-parley-signature'] === expected ? 200 : 401).end()
    })
    await makeNote(ctx, 1)
    await until('both tries arrive', () => receiver.received.length === 2)
    assert.deepEqual(
      receiver.received.map(({ headers }) => headers['x-parley-attempt']),
      ['1', '1'],
    )
    await until('the choice sticks', async () => (await getWebhook(ctx, webhookId)).legacy_version === null)
    await sendOne(scene, 2)
    assert.equal(receiver.received.length, 3)
  }))

test('a receiver that knows the secret between two rotations is served, and so is each of several that differ', () =>
  withWebhook(async (scene) => {
    const { ctx, outside, receiver, webhookId, first } = scene
    const { secret: second } = await rotateSecret(ctx, webhookId, {}, outside)
    await rotateSecret(ctx, webhookId, {}, outside)
    let known = second
    receiver.respond((request, response, { body }) => {
      const expected = `sha256=${createHmac('sha256', known).update(body).digest('hex')}`
      response.writeHead(request.headers['x-parley-signature'] === expected ? 200 : 401).end()
    })
    const delivered = async (n: number) => {
      await makeNote(ctx, n)
      await until('it is delivered at the first attempt', async () => {
        const rows = await database.system
          .selectFrom('deliveries')
          .select(['status', 'attempts'])
          .where('webhook_id', '=', webhookId)
          .execute()
        return rows.length === n && rows.every(({ status, attempts }) => status === 'delivered' && attempts === 1)
      })
    }
    await delivered(1)
    assert.equal((await getWebhook(ctx, webhookId)).legacy_version, 2)
    const tries = receiver.received.length
    await delivered(2)
    assert.equal(receiver.received.length, tries + 1)
    // Another instance of it still has the secret of before.
    known = first
    await delivered(3)
    assert.equal((await getWebhook(ctx, webhookId)).legacy_version, 1)
  }))

test('a receiver that refuses both secrets is tried once with each, and its refusal is what is listed', () =>
  withWebhook(async ({ ctx, outside, receiver, webhookId }) => {
    await rotateSecret(ctx, webhookId, {}, outside)
    receiver.respond((_, response) => response.writeHead(403).end())
    await makeNote(ctx, 1)
    await until('the schedule ends', async () => {
      const { rows } = await database.system
        .selectFrom('deliveries')
        .select('status')
        .where('webhook_id', '=', webhookId)
        .execute()
        .then((found) => ({ rows: found }))
      return rows[0]?.status === 'failed'
    })
    assert.equal(receiver.received.length, 6)
    assert.equal((await getWebhook(ctx, webhookId)).legacy_version, 1)
  }))

test('an overlap ends by itself, and one of no seconds ends at once', () =>
  withWebhook(async (scene) => {
    const { ctx, outside, webhookId, first } = scene
    const { secret } = await rotateSecret(ctx, webhookId, { overlapSeconds: 1 }, outside)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const ended = await sendOne(scene, 1)
    assert.ok(
      !standardVerifies(ended, first) && standardVerifies(ended, secret) && (await legacyVerifies(ended, secret)),
    )

    await purgeSecrets(database.system, new Date())
    const { legacy_version, previous_secrets_until } = await getWebhook(ctx, webhookId)
    assert.deepEqual([legacy_version, previous_secrets_until], [null, null])

    const leaked = await rotateSecret(ctx, webhookId, { overlapSeconds: 0 }, outside)
    assert.equal(leaked.previousExpiresAt, null)
    const clean = await sendOne(scene, 2)
    assert.ok(!standardVerifies(clean, secret) && standardVerifies(clean, leaked.secret))
    assert.ok(await legacyVerifies(clean, leaked.secret))
    await purgeSecrets(database.system, new Date())
    const left = await ctx.db
      .selectFrom('webhook_secrets')
      .select('state')
      .where('webhook_id', '=', webhookId)
      .execute()
    assert.deepEqual(left, [{ state: 'current' }])
  }))

test('a second rotation before the first has ended leaves the oldest receiver verifying, and a third is refused', () =>
  withWebhook(async (scene) => {
    const { ctx, outside, webhookId, first } = scene
    const second = await rotateSecret(ctx, webhookId, {}, outside)
    const third = await rotateSecret(ctx, webhookId, {}, outside)
    const sent = await sendOne(scene, 1)
    for (const secret of [first, second.secret, third.secret]) assert.ok(standardVerifies(sent, secret))
    assert.ok(await legacyVerifies(sent, first))
    await assert.rejects(rotateSecret(ctx, webhookId, {}, outside), { code: 'CONFLICT' })
    await rotateSecret(ctx, webhookId, { overlapSeconds: 0 }, outside)
  }))

test('of rotations at once each gets a version of its own, and no secret is in the log, the audit log or the row', () =>
  withWebhook(async ({ ctx, outside, webhookId }) => {
    const made = await Promise.allSettled([1, 2, 3, 4].map(() => rotateSecret(ctx, webhookId, {}, outside)))
    const secrets = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value.secret] : []))
    assert.equal(secrets.length, 2)
    const everything = JSON.stringify([
      await ctx.db.selectFrom('event_outbox').selectAll().execute(),
      await ctx.db.selectFrom('events').selectAll().execute(),
      await ctx.db.selectFrom('audit_logs').selectAll().execute(),
      await ctx.db.selectFrom('webhooks').selectAll().execute(),
    ])
    for (const secret of secrets) assert.ok(!everything.includes(secret.slice(6)))
  }))

test('rotating needs its own scope, and another workspace finds nothing to rotate', () =>
  withWebhook(async ({ ctx, outside, webhookId }) => {
    const weak = makeCtx(database, ctx.workspaceId, { scopes: ['webhooks:write'] })
    await assert.rejects(rotateSecret(weak, webhookId, {}, outside), { code: 'FORBIDDEN' })
    await assert.rejects(promoteSecret(weak, webhookId), { code: 'FORBIDDEN' })
    const stranger = makeCtx(database, await makeWorkspace(database))
    await assert.rejects(rotateSecret(stranger, webhookId, {}, outside), { code: 'NOT_FOUND' })
    await assert.rejects(promoteSecret(stranger, webhookId), { code: 'NOT_FOUND' })
  }))

test('a checkpoint verifies like a delivery and names what has not arrived', () =>
  withWebhook(async (scene) => {
    const { ctx, outside, receiver, webhookId, first } = scene
    receiver.respond((_, response, { body }) => {
      const { n } = JSON.parse(body.toString()).data
      response.writeHead(n === 2 || n === 4 ? 500 : 200).end()
    })
    for (let n = 1; n <= 5; n++) await makeNote(ctx, n)
    const finished = () =>
      ctx.db.selectFrom('deliveries').select(['number', 'status']).where('webhook_id', '=', webhookId).execute()
    await until('all have ended', async () => (await finished()).length === 5)
    const { body, headers } = await readCheckpoint(ctx, webhookId, { after: 0 }, outside)
    new StandardWebhook(first).verify(JSON.stringify(body), headers)
    assert.ok(await verifyLikeGitHub(first, JSON.stringify(body), headers['x-parley-signature']!))
    assert.equal(body.sequence, 5)
    const numberOf = (n: number) =>
      Number(
        receiver.received.find(({ body: text }) => JSON.parse(text.toString()).data.n === n)!.headers[
          'x-parley-delivery-sequence'
        ],
      )
    assert.deepEqual(
      body.missing.map(({ sequence, status }) => [sequence, status]),
      [2, 4].map((n) => [numberOf(n), 'failed']).sort(([a], [b]) => Number(a) - Number(b)),
    )
    assert.equal(body.delivered_through, body.missing[0]!.sequence - 1)
    const [, high] = body.missing.map(({ sequence }) => sequence)
    const next = (await readCheckpoint(ctx, webhookId, { after: high! - 1 }, outside)).body
    assert.deepEqual(next.missing, body.missing.slice(1))
    assert.deepEqual(
      [next.after, next.through, next.sequence, next.delivered_through],
      [high! - 1, 5, 5, body.delivered_through],
    )
  }))
