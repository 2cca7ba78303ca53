import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { z } from 'zod'
import { openTestApp } from '../../../test/app.ts'
import type { Agent, AgentVersion } from '../../domain/agents/index.ts'

type AgentBody = z.infer<typeof Agent>
type VersionPage = { data: z.infer<typeof AgentVersion>[]; has_more: boolean; next_cursor: string | null }

const app = await openTestApp()
after(() => app.close())

const makeCaller = async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  return (method: string, path: string, body?: unknown) => app.call(method, path, { key, body })
}

test('an agent is created, changed and read with all its versions', async () => {
  const call = await makeCaller()
  const made = await call('POST', '/v1/agents', { name: 'Support', appearance: { position: 'top-right' } })
  assert.equal(made.status, 201)
  const agent = made.json<AgentBody>()
  assert.equal(agent.is_default, true)
  const changed = await call('PATCH', `/v1/agents/${agent.id}`, { instructions: 'Be brief.' })
  assert.equal(changed.status, 200)
  assert.equal(changed.json<AgentBody>().version.number, 2)
  assert.deepEqual((await call('GET', `/v1/agents/${agent.id}`)).json(), changed.json())

  const first = (await call('GET', `/v1/agents/${agent.id}/versions?limit=1`)).json<VersionPage>()
  assert.deepEqual([first.data[0]?.number, first.has_more], [2, true])
  const rest = (await call('GET', `/v1/agents/${agent.id}/versions?cursor=${first.next_cursor}`)).json<VersionPage>()
  assert.deepEqual(
    rest.data.map(({ number }) => number),
    [1],
  )
  const version = await call('GET', `/v1/agents/${agent.id}/versions/${agent.version.id}`)
  assert.deepEqual(version.json(), rest.data[0])
})

test('what cannot be an agent is refused by the name of the field', async () => {
  const call = await makeCaller()
  for (const [body, status, param] of [
    [{}, 400, 'name'],
    [{ name: 'A', colour: 'red' }, 400, 'colour'],
    [{ name: 'A', appearance: { primary_color: 'red' } }, 400, 'appearance.primary_color'],
    [{ name: 'A', thresholds: { answer: 2 } }, 400, 'thresholds.answer'],
    [{ name: 'A', thresholds: { handoff: 0.1 } }, 400, 'thresholds.handoff'],
    [{ name: 'A', is_default: false }, 400, 'is_default'],
    [{ name: 'A', knowledge_source_ids: ['nonsense'] }, 400, 'knowledge_source_ids[0]'],
    [{ name: 'A', knowledge_source_ids: ['ks_01h455vb4pex5vsknk084sn02q'] }, 404, 'knowledge_source_ids'],
  ] as const) {
    const response = await call('POST', '/v1/agents', body)
    assert.equal(response.status, status, response.text)
    assert.equal(response.json<{ error: { param: string } }>().error.param, param)
  }
})
