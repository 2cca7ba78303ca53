import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { systemClock } from '../../base/clock.ts'
import { newId, toWireId } from '../../base/ids.ts'
import { silentLog } from '../../base/log.ts'
import { createWorkspace } from '../workspaces/index.ts'
import { PlanChanged } from './contract.ts'
import { changePlan, listPlans } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())
const { system } = database

const operator = {
  mode: 'live' as const,
  actor: { type: 'system' as const, name: 'operator' },
  requestId: 'npm run plan',
  clock: systemClock,
  log: silentLog,
}
const change = (workspaceId: string, planId: string) => changePlan(operator, { workspaceId, planId }, { system })
const makePair = () => createWorkspace(system, { name: 'Acme', planId: 'starter', now: new Date() })

const planOf = async (id: string) =>
  (await system.selectFrom('workspaces').select('plan_id').where('id', '=', id).executeTakeFirstOrThrow()).plan_id

const eventsOf = async (id: string) =>
  (await recordedEvents(database, id, 'plan.changed')).map(({ data }) => PlanChanged.parse(data))

const auditOf = (id: string) =>
  system
    .selectFrom('audit_logs')
    .select(['action', 'actor', 'target_id', 'detail'])
    .where('workspace_id', '=', id)
    .execute()

test('a changed plan holds on both sides of the workspace, whichever is named, with an event and an audit entry each', async () => {
  for (const side of ['liveId', 'sandboxId'] as const) {
    const pair = await makePair()
    assert.equal((await change(pair[side], 'growth')).changed, true)
    for (const id of [pair.liveId, pair.sandboxId]) {
      assert.equal(await planOf(id), 'growth')
      const [event, ...others] = await eventsOf(id)
      assert.deepEqual(others, [])
      assert.deepEqual(event?.previous_plan, { id: 'starter', label: 'Starter' })
      assert.equal(event?.plan.id, 'growth')
      assert.equal(event?.plan.limits.chat_messages_per_day, 5_000)
      assert.deepEqual(await auditOf(id), [
        {
          action: 'workspace.plan_changed',
          actor: 'system:operator',
          target_id: toWireId('workspace', id),
          detail: '{"previous_plan":"starter","plan":"growth"}',
        },
      ])
    }
  }
})

test('the plan that a workspace is on already changes nothing and tells nobody', async () => {
  const { liveId } = await makePair()
  assert.equal((await change(liveId, 'starter')).changed, false)
  assert.deepEqual(await eventsOf(liveId), [])
  assert.deepEqual(await auditOf(liveId), [])
})

test('of the same change made twice at once, one tells of it', async () => {
  const { liveId } = await makePair()
  const made = await Promise.all([change(liveId, 'pro'), change(liveId, 'pro')])
  assert.equal(made.filter(({ changed }) => changed).length, 1)
  assert.equal((await eventsOf(liveId)).length, 1)
})

test('a plan or a workspace that does not exist is refused, with the plans there are', async () => {
  const { liveId } = await makePair()
  await assert.rejects(change(liveId, 'platinum'), {
    code: 'UNPROCESSABLE',
    message: /no plan 'platinum'. The plans are free, starter, /,
  })
  await assert.rejects(change(newId(), 'growth'), { code: 'NOT_FOUND' })
  assert.equal(await planOf(liveId), 'starter')
})

test('a plan that is not listed is seen by those who are on it alone', async () => {
  await addPlan('bespoke')
  const [holder, other] = [await makePair(), await makePair()]
  await change(holder.liveId, 'bespoke')
  const seenBy = async (id: string) => (await listPlans(makeCtx(database, id))).map((plan) => plan.id)
  assert.deepEqual(await seenBy(other.liveId), ['free', 'starter', 'growth', 'pro', 'enterprise', 'unlimited'])
  assert.ok((await seenBy(holder.liveId)).includes('bespoke'))
  assert.ok((await seenBy(holder.sandboxId)).includes('bespoke'))
})

// Workers may read plans only; an operator adds one as the owner of the database.
const addPlan = async (id: string) => {
  await system.transaction().execute(async (tx) => {
    await sql`set local role none`.execute(tx)
    await tx
      .insertInto('plans')
      .values({
        id,
        label: 'Bespoke',
        requests_per_minute: 1_000,
        key_requests_per_minute: null,
        chat_messages_per_day: null,
        key_calls_per_month: null,
        webhooks_max: 20,
        automations_max: null,
        analytics: true,
        retention_days: 365,
        listed: false,
      })
      .execute()
  })
}
