import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import type { Role } from '../users/index.ts'
import { createClientWorkspaces, createWorkspace } from '../workspaces/index.ts'
import { findRecipients } from './find-recipients.ts'
import { makeMember } from './notices.fixture.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const startedAt = Date.UTC(2026, 2, 11)
const joinedAt = (day: number) => new Date(startedAt + day * 86_400_000)

const makePair = () => createWorkspace(system, { name: 'Acme', planId: 'unlimited', now: joinedAt(0) })
const found = async (...ids: string[]) => (await findRecipients(system, ids)).map(({ email }) => email)
const join = async (workspaceId: string, role: Role, day: number) =>
  (await makeMember(database, workspaceId, role, joinedAt(day))).email

test('owners and admins are told, owners and older members first, and nobody else', async () => {
  const { liveId } = await makePair()
  const admin = await join(liveId, 'admin', 1)
  for (const role of ['developer', 'agent', 'viewer'] as const) await join(liveId, role, 1)
  const younger = await join(liveId, 'owner', 3)
  const older = await join(liveId, 'owner', 2)
  assert.deepEqual(await found(liveId), [older, younger, admin])
})

test('of a sandbox the people of its live workspace are told', async () => {
  const { liveId, sandboxId } = await makePair()
  const owner = await join(liveId, 'owner', 1)
  assert.deepEqual(await found(sandboxId), [owner])
  assert.deepEqual(
    new Set((await findRecipients(system, [liveId, sandboxId])).map(({ workspace_id }) => workspace_id)),
    new Set([liveId, sandboxId]),
  )
})

test('of a client its own people are told, and those of its agency where it has none', async () => {
  const agency = await makePair()
  const owner = await join(agency.liveId, 'owner', 1)
  const client = (agencyId: string, mode: 'live' | 'sandbox') =>
    createClientWorkspaces(system, {
      ...{ agencyId, mode, name: 'Northwind', planId: 'unlimited', reference: null, metadata: '{}' },
      now: joinedAt(0),
    })
  const [live, sandbox] = await client(agency.liveId, 'live')
  const [tried] = await client(agency.sandboxId, 'sandbox')
  for (const { id } of [live, sandbox!, tried]) assert.deepEqual(await found(id), [owner])
  const viewer = await join(live.id, 'viewer', 1)
  assert.deepEqual(await found(live.id), [owner])
  const own = await join(live.id, 'admin', 2)
  for (const { id } of [live, sandbox!]) assert.deepEqual(await found(id), [own])
  assert.deepEqual(await found(tried.id), [owner])
  assert.ok(!(await found(agency.liveId)).includes(viewer))
})

test('nothing is mailed to the address of a first start', async () => {
  const { liveId } = await makePair()
  const { userId } = await makeMember(database, liveId)
  await system
    .updateTable('users')
    .set({ email: `admin-${userId}@localhost` })
    .where('id', '=', userId)
    .execute()
  assert.deepEqual(await found(liveId), [])
  const admin = await join(liveId, 'admin', 1)
  assert.deepEqual(await found(liveId), [admin])
})

test('twenty people are told and no more, and of nobody nobody', async () => {
  const { liveId } = await makePair()
  assert.deepEqual(await found(liveId), [])
  const admins: string[] = []
  for (let i = 0; i < 25; i++) admins.push(await join(liveId, 'admin', i))
  assert.deepEqual(await found(liveId), admins.slice(0, 20))
})
