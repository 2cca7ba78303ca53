import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { newId } from '../../base/ids.ts'
import type { Ctx } from '../context.ts'
import { AllowedDomainRemovedData } from './contract.ts'
import {
  AddAllowedDomain,
  AllowedDomain,
  addAllowedDomain,
  createAgent,
  listAllowedDomains,
  presentAllowedDomain,
  removeAllowedDomain,
} from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const makeCaller = async () => makeCtx(database, await makeWorkspace(database))

const domainEventsOf = async ({ workspaceId }: Ctx) =>
  (await recordedEvents(database, workspaceId))
    .filter(({ type }) => type.startsWith('agent.domain'))
    .map(({ type, data }) => ({ type, data }))

const namesOf = async (ctx: Ctx, agentId: string) =>
  (await listAllowedDomains(ctx, agentId)).map(({ domain }) => domain)

test('allowed domains are listed oldest first, and each change is told', async () => {
  const ctx = await makeCaller()
  const { id: agentId } = await createAgent(ctx, { name: 'Support' })
  const first = await addAllowedDomain(ctx, { agentId, domain: 'support.example.com' })
  await addAllowedDomain(ctx, { agentId, domain: 'example.com' })
  assert.deepEqual(await namesOf(ctx, agentId), ['support.example.com', 'example.com'])
  await removeAllowedDomain(ctx, { agentId, domain: 'support.example.com' })
  assert.deepEqual(await namesOf(ctx, agentId), ['example.com'])
  const events = await domainEventsOf(ctx)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['agent.domain_added', 'agent.domain_added', 'agent.domain_removed'],
  )
  assert.deepEqual(AllowedDomain.parse(events[0]!.data), presentAllowedDomain(first))
  assert.equal(AllowedDomainRemovedData.parse(events[2]!.data).domain, 'support.example.com')
})

test('a domain is written in many ways and is one domain', () => {
  const written = (domain: string) => AddAllowedDomain.parse({ domain }).domain
  assert.equal(written(' Support.Example.COM '), 'support.example.com')
  assert.equal(written('bücher.example'), 'xn--bcher-kva.example')
  assert.equal(written('localhost'), 'localhost')
  const wrong = [
    '',
    ' ',
    'https://example.com',
    'example.com/path',
    'example.com:8080',
    'a b',
    '*.example.com',
    '-a.com',
  ]
  for (const domain of [...wrong, 'a..b', '.com', `${'a.'.repeat(130)}com`, 'under_score.com'])
    assert.equal(AddAllowedDomain.safeParse({ domain }).success, false, domain)
})

test('a domain is allowed once, at most a hundred are, and only in their own workspace', async () => {
  const ctx = await makeCaller()
  const stranger = await makeCaller()
  const { id: agentId } = await createAgent(ctx, { name: 'Support' })
  const add = (domain: string, by = ctx) => addAllowedDomain(by, { agentId, domain })
  await add('example.com')
  await assert.rejects(add('example.com'), { code: 'CONFLICT', param: 'domain' })
  await assert.rejects(add('example.com', stranger), { code: 'NOT_FOUND' })
  await assert.rejects(listAllowedDomains(stranger, agentId), { code: 'NOT_FOUND' })
  await assert.rejects(removeAllowedDomain(stranger, { agentId, domain: 'example.com' }), { code: 'NOT_FOUND' })
  await assert.rejects(removeAllowedDomain(ctx, { agentId, domain: 'example.org' }), { code: 'NOT_FOUND' })
  await assert.rejects(listAllowedDomains(ctx, newId()), { code: 'NOT_FOUND' })
  for (let n = 1; n < 100; n++) await add(`n${n}.example.com`)
  await assert.rejects(add('one-more.example.com'), { code: 'UNPROCESSABLE' })
  assert.equal((await namesOf(ctx, agentId)).length, 100)
})
