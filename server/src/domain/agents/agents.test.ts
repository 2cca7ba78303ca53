import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import {
  Agent,
  AgentVersion,
  createAgent,
  defaultConfiguration,
  getAgent,
  getAgentForTurn,
  getAgentVersion,
  getDefaultAgent,
  listAgents,
  listAgentVersions,
  presentAgent,
  presentAgentVersion,
  updateAgent,
} from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const makeCaller = async () => makeCtx(database, await makeWorkspace(database))

const makeSource = async (workspaceId: string): Promise<string> => {
  const id = newId()
  const now = new Date()
  await database.system
    .insertInto('knowledge_sources')
    .values({
      workspace_id: workspaceId,
      id,
      type: 'text',
      name: 'Handbook',
      url: null,
      language: 'en',
      audience: 'public',
      status: 'ready',
      error_code: null,
      error_message: null,
      content_hash: null,
      ingest_id: newId(),
      fetched_at: null,
      created_at: now,
      updated_at: now,
    })
    .execute()
  return id
}

/** Types and data of the workspace's events, in order. */
const eventsOf = async (workspaceId: string) =>
  (await recordedEvents(database, workspaceId)).map(({ type, data }) => ({ type, data }))

const numbersOf = async (ctx: Ctx, id: string): Promise<number[]> =>
  (await listAgentVersions(ctx, id, { limit: 20, after: null })).rows.map((row) => row.number)

test('an agent made from its name alone has the documented defaults and version 1', async () => {
  const ctx = await makeCaller()
  const agent = Agent.parse(presentAgent(await createAgent(ctx, { name: 'Support' })))
  assert.deepEqual(agent.thresholds, { answer: 0.5 })
  assert.equal(agent.knowledge_source_ids, null)
  assert.equal(agent.handoff_message, defaultConfiguration.handoff_message)
  assert.equal(agent.appearance.position, 'bottom-right')
  assert.equal(agent.status, 'active')
  assert.equal(agent.version.number, 1)
  const read = presentAgent(await getAgent(ctx, (await getDefaultAgent(ctx)).id))
  assert.deepEqual(read, agent)
  assert.deepEqual(await eventsOf(ctx.workspaceId), [{ type: 'agent.created', data: agent }])
})

test('every change of the configuration is a new version, and the old ones stay as they were', async () => {
  const ctx = await makeCaller()
  const first = await createAgent(ctx, { name: 'Support', instructions: 'Be brief.' })
  const second = await updateAgent(ctx, first.id, { instructions: 'Be thorough.', thresholds: { answer: 0.8 } })
  assert.deepEqual(presentAgent(second).thresholds, { answer: 0.8 })
  assert.equal(second.version_number, 2)
  assert.deepEqual(await numbersOf(ctx, first.id), [2, 1])
  const old = await getAgentVersion(ctx, { agentId: first.id, versionId: first.current_version_id })
  const shown = AgentVersion.parse(presentAgentVersion(old))
  assert.equal(shown.configuration.instructions, 'Be brief.')
  assert.match(shown.created_by, /^api_key:key_/)
  assert.deepEqual(
    (await eventsOf(ctx.workspaceId)).map(({ type }) => type),
    ['agent.created', 'agent.updated'],
  )
})

test('a change that changes nothing makes neither a version nor an event', async () => {
  const ctx = await makeCaller()
  const agent = await createAgent(ctx, { name: 'Support', appearance: { position: 'top-left' } })
  const same = await updateAgent(ctx, agent.id, {
    name: 'Support',
    appearance: { position: 'top-left' },
    status: 'active',
  })
  assert.equal(same.current_version_id, agent.current_version_id)
  assert.deepEqual(await numbersOf(ctx, agent.id), [1])
  assert.equal((await eventsOf(ctx.workspaceId)).length, 1)
})

test('pausing an agent is told, but is no new version, and a paused agent takes no turn', async () => {
  const ctx = await makeCaller()
  const agent = await createAgent(ctx, { name: 'Support' })
  const paused = await updateAgent(ctx, agent.id, { status: 'paused' })
  assert.equal(paused.version_number, 1)
  assert.equal((await eventsOf(ctx.workspaceId)).at(-1)?.data.status, 'paused')
  await assert.rejects(getAgentForTurn(ctx, null), { code: 'CONFLICT' })
  await assert.rejects(getAgentForTurn(ctx, agent.id), { code: 'CONFLICT', param: 'agent_id' })
})

test('a workspace has one default agent: the first, until another takes over', async () => {
  const ctx = await makeCaller()
  await assert.rejects(getDefaultAgent(ctx), { code: 'CONFLICT' })
  const first = await createAgent(ctx, { name: 'First' })
  const second = await createAgent(ctx, { name: 'Second' })
  assert.equal(second.is_default, false)
  await updateAgent(ctx, second.id, { is_default: true })
  assert.equal((await getDefaultAgent(ctx)).id, second.id)
  const third = await createAgent(ctx, { name: 'Third', is_default: true })
  assert.equal((await getAgentForTurn(ctx, null)).id, third.id)
  assert.equal((await getAgentForTurn(ctx, first.id)).configuration.name, 'First')
  const { rows } = await listAgents(ctx, { limit: 20, after: null })
  assert.deepEqual(
    rows.map((row) => [row.name, row.is_default, row.version_number]),
    [
      ['Third', true, 1],
      ['Second', false, 1],
      ['First', false, 1],
    ],
  )
  const told = (await eventsOf(ctx.workspaceId)).map(({ type, data }) => `${type} ${data.name} ${data.is_default}`)
  assert.deepEqual(told.slice(2), [
    'agent.updated First false',
    'agent.updated Second true',
    'agent.updated Second false',
    'agent.created Third true',
  ])
})

test('agents made at the same moment leave one default', async () => {
  const ctx = await makeCaller()
  await Promise.all(['A', 'B', 'C'].map((name) => createAgent(ctx, { name })))
  const { rows } = await listAgents(ctx, { limit: 20, after: null })
  assert.equal(rows.filter((row) => row.is_default).length, 1)
})

test('changes made at the same moment become versions one after the other, and none is lost', async () => {
  const ctx = await makeCaller()
  const agent = await createAgent(ctx, { name: 'Support' })
  await Promise.all([
    updateAgent(ctx, agent.id, { instructions: 'Be brief.' }),
    updateAgent(ctx, agent.id, { handoff_message: 'A colleague will write.' }),
    updateAgent(ctx, agent.id, { thresholds: { answer: 0.9 } }),
  ])
  assert.deepEqual((await numbersOf(ctx, agent.id)).toSorted(), [1, 2, 3, 4])
  const { configuration } = await getAgentForTurn(ctx, agent.id)
  assert.equal(configuration.instructions, 'Be brief.')
  assert.equal(configuration.handoff_message, 'A colleague will write.')
  assert.equal(configuration.thresholds.answer, 0.9)
})

test('an agent may quote sources of its own workspace only', async () => {
  const ctx = await makeCaller()
  const own = await makeSource(ctx.workspaceId)
  const foreign = await makeSource(await makeWorkspace(database))
  const agent = await createAgent(ctx, { name: 'Support', knowledge_source_ids: [own, own] })
  assert.deepEqual(presentAgent(agent).knowledge_source_ids, [toWireId('knowledgeSource', own)])
  assert.deepEqual((await getAgentForTurn(ctx, agent.id)).configuration.knowledge_source_ids, [own])
  const refusal = { code: 'NOT_FOUND', param: 'knowledge_source_ids' }
  await assert.rejects(createAgent(ctx, { name: 'Spy', knowledge_source_ids: [own, foreign] }), refusal)
  await assert.rejects(updateAgent(ctx, agent.id, { knowledge_source_ids: [foreign] }), refusal)
  assert.equal((await updateAgent(ctx, agent.id, { knowledge_source_ids: null })).version_number, 2)
})

test('the server itself can create the first agent, and the version names it', async () => {
  const ctx: Ctx = { ...(await makeCaller()), actor: { type: 'system', name: 'setup' } }
  const agent = await createAgent(ctx, { name: 'Guide', is_default: true })
  const version = await getAgentVersion(ctx, { agentId: agent.id, versionId: agent.current_version_id })
  assert.equal(version.created_by, 'system:setup')
})

test('agents and versions of another workspace are not found', async () => {
  const [ctx, other] = [await makeCaller(), await makeCaller()]
  const foreign = await createAgent(other, { name: 'Foreign' })
  const own = await createAgent(ctx, { name: 'Own' })
  const missing = { code: 'NOT_FOUND' }
  await assert.rejects(getAgent(ctx, foreign.id), missing)
  await assert.rejects(getAgentForTurn(ctx, foreign.id), { ...missing, param: 'agent_id' })
  await assert.rejects(updateAgent(ctx, foreign.id, { name: 'Mine' }), missing)
  await assert.rejects(listAgentVersions(ctx, foreign.id, { limit: 20, after: null }), missing)
  await assert.rejects(getAgentVersion(ctx, { agentId: own.id, versionId: foreign.current_version_id }), missing)
  await assert.rejects(getAgentVersion(ctx, { agentId: newId(), versionId: own.current_version_id }), missing)
})

test('a key may do only what its scopes say', async () => {
  const workspaceId = await makeWorkspace(database)
  const reader = makeCtx(database, workspaceId, { scopes: ['agents:read'] })
  const stranger = makeCtx(database, workspaceId, { scopes: ['contacts:write'] })
  await assert.rejects(createAgent(reader, { name: 'No' }), { code: 'FORBIDDEN' })
  await assert.rejects(listAgents(stranger, { limit: 20, after: null }), { code: 'FORBIDDEN' })
  assert.deepEqual((await listAgents(reader, { limit: 20, after: null })).rows, [])
})
