import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeWorkspace } from '../../../test/make.ts'
import { systemClock } from '../../base/clock.ts'
import { toWireId } from '../../base/ids.ts'
import { silentLog } from '../../base/log.ts'
import type { Ctx } from '../context.ts'
import {
  acceptInvite,
  createInvite,
  createPasswords,
  removeMember,
  revokeInvite,
  updateMember,
} from '../users/index.ts'
import { makePerson, password } from '../users/people.fixture.ts'
import { listAuditLogs, presentAuditLog } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const outside = { system: database.system, passwords: createPasswords(), clock: systemClock, log: silentLog }
const entriesOf = async (ctx: Ctx) =>
  (await listAuditLogs(ctx, {}, { limit: 100, after: null })).rows.map(presentAuditLog)

test('who comes, goes and is given another role is told of, without a token or an address', async () => {
  const workspaceId = await makeWorkspace(database, 'live')
  const { ctx, userId } = await makePerson(database, workspaceId)
  const { row: withdrawn } = await createInvite(ctx, { email: 'carl@acme.test', role: 'viewer' })
  await revokeInvite(ctx, withdrawn.id)
  const { token } = await createInvite(ctx, { email: 'bea@acme.test', role: 'viewer' })
  const member = await acceptInvite(
    { token, name: 'Bea', password, address: undefined, requestId: 'req_accept' },
    outside,
  )
  await updateMember(ctx, { userId: member.id, role: 'developer' })
  await removeMember(ctx, member.id)

  const entries = await entriesOf(ctx)
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['member.removed', 'member.updated', 'member.added', 'invite.created', 'invite.revoked', 'invite.created'],
  )
  assert.equal(entries[1]!.actor, `user:${toWireId('user', userId)}`)
  assert.equal(entries[2]!.request_id, 'req_accept')
  assert.deepEqual(entries[1]!.detail, { role: 'developer', role_before: 'viewer' })
  assert.deepEqual(entries[1]!.target, { type: 'member', id: toWireId('user', member.id) })
  const text = JSON.stringify(entries)
  for (const hidden of [token, password, 'acme.test']) assert.ok(!text.includes(hidden))
})
