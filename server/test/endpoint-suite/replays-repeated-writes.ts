import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { bodies, fixtureIdOf } from '../endpoint-fixtures.ts'
import type { Tenant } from '../tenant.ts'
import { refused, send, succeed, unknownIds, validBody, type World } from './call-endpoint.ts'

const storedReplies = async ({ app, workspaceId }: Tenant, key: string) =>
  app.database.system
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    // A visitor's key stands behind the id of their conversation.
    .where('key', 'like', `%${key}`)
    .execute()

const secretsOf = (answer: Record<string, unknown>): string[] =>
  ['key', 'secret', 'token', 'recovery_codes']
    .flatMap((name) => answer[name])
    .filter((secret): secret is string => typeof secret === 'string')

const assertSecretsHidden = async (tenant: Tenant, key: string, answer: Record<string, unknown>): Promise<void> => {
  const secrets = secretsOf(answer)
  assert.ok(secrets.length > 0, 'an endpoint that answers a secret shows it as one of these')
  const outbox = await tenant.app.database.system
    .selectFrom('event_outbox')
    .select(['head', 'tail'])
    .where('workspace_id', '=', tenant.workspaceId)
    .execute()
  const kept = JSON.stringify([await storedReplies(tenant, key), outbox])
  for (const secret of secrets) {
    assert.ok(!kept.includes(secret))
    assert.ok(!kept.includes(Buffer.from(secret).toString('base64').replaceAll('=', '')))
  }
}

export const checkReplay = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const key = `suite-${randomUUID()}`
  const headers = { 'idempotency-key': key }
  const { ids, response: first, sent } = await succeed(endpoint, own, { headers })
  assert.equal(first.headers['idempotency-replayed'], undefined)
  const again = await send(endpoint, own, ids, sent)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.deepEqual([again.status, again.text], [first.status, first.text])
  assert.equal((await storedReplies(own, key)).length, 1)
  if (endpoint.answersSecret) await assertSecretsHidden(own, key, first.json())
  const other = bodies[fixtureIdOf(endpoint)]
    ? { ids, ...validBody(endpoint, 1) }
    : { ids: unknownIds(endpoint), ...validBody(endpoint) }
  if (bodies[fixtureIdOf(endpoint)] || ids.length > 0)
    refused(
      await send(endpoint, own, other.ids, {
        key: sent.key!,
        ...('body' in other ? { body: other.body } : {}),
        headers,
      }),
      422,
      'IDEMPOTENCY_KEY_REUSED',
    )
  for (const value of ['', ' ', 'a b', 'ü', 'x'.repeat(256)])
    refused(
      await send(endpoint, own, ids, { key: sent.key!, ...validBody(endpoint), headers: { 'idempotency-key': value } }),
      400,
      'BAD_REQUEST',
    )
}
