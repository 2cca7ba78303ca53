import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeWorkspace } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import { mostPerDay } from './fan-out-notices.ts'
import { purgeNoticeCounts } from './index.ts'
import { happen, makeMember, numberAndNotify, toldOf } from './notices.fixture.ts'

const database = await openTestDatabase()
after(() => database.close())

const failing = 'webhook.endpoint.failing'
const hourMs = 3_600_000

const makeScene = async () => {
  const workspaceId = await makeWorkspace(database)
  const owner = await makeMember(database, workspaceId, 'owner', new Date(Date.UTC(2026, 2, 1)))
  let now = Date.UTC(2026, 2, 11, 9)
  return {
    workspaceId,
    owner,
    happen: (type: string, more: { subjectId?: string; data?: Record<string, unknown> } = {}) =>
      happen(database, { workspaceId, type, ...more }),
    notify: () => numberAndNotify(database, { now: () => new Date(now) }),
    told: () => toldOf(database, workspaceId),
    pass: (hours: number) => (now += hours * hourMs),
  }
}

test('each owner and admin is told of an event by a mail of their own, and of other events nobody', async () => {
  const { workspaceId, owner, happen, notify, told } = await makeScene()
  const admin = await makeMember(database, workspaceId, 'admin')
  await makeMember(database, workspaceId, 'developer')
  await happen('contact.created')
  await happen('usage.limit_reached')
  await happen('webhook.updated')
  await notify()
  const about = { type: 'usage.limit_reached', is_last: false }
  assert.deepEqual(await told(), [
    { ...about, user_id: owner.userId },
    { ...about, user_id: admin.userId },
  ])
  await notify()
  assert.equal((await told()).length, 2)
})

test('where nobody is to be told, nothing is queued or counted', async () => {
  const workspaceId = await makeWorkspace(database)
  await happen(database, { workspaceId, type: failing })
  await numberAndNotify(database, { now: () => new Date() })
  const counts = database.system.selectFrom('notice_counts').selectAll().where('workspace_id', '=', workspaceId)
  assert.deepEqual([await toldOf(database, workspaceId), await counts.execute()], [[], []])
})

test('a webhook that fails and recovers all day is told of once of each in the day', async () => {
  const { happen, notify, told, pass } = await makeScene()
  const [flapping, other] = [newId(), newId()]
  for (let i = 0; i < 5; i++) {
    await happen('webhook.endpoint.recovered', { subjectId: flapping })
    await notify()
    pass(1)
  }
  await happen(failing, { subjectId: flapping })
  await happen('webhook.endpoint.recovered', { subjectId: other })
  await notify()
  assert.deepEqual(
    (await told()).map(({ type }) => type),
    ['webhook.endpoint.recovered', failing, 'webhook.endpoint.recovered'],
  )
  pass(24)
  await happen('webhook.endpoint.recovered', { subjectId: flapping })
  await notify()
  assert.equal((await told()).length, 4)
})

test('two limits of one workspace are both told of', async () => {
  const { workspaceId, happen, notify, told } = await makeScene()
  for (const limit of ['chat_messages_per_day', 'key_calls_per_month'])
    await happen('usage.limit_reached', { subjectId: workspaceId, data: { limit } })
  await notify()
  assert.equal((await told()).length, 2)
})

test('a day has so many notices for a workspace, the last says so, and the next day begins anew', async () => {
  const { happen, notify, told, pass } = await makeScene()
  const untouched = await makeScene()
  for (let i = 0; i < mostPerDay + 5; i++) await happen(failing)
  await untouched.happen(failing)
  await notify()
  const first = await told()
  assert.equal(first.length, mostPerDay)
  assert.deepEqual([first.filter(({ is_last }) => is_last).length, first.at(-1)!.is_last], [1, true])
  assert.equal((await untouched.told()).length, 1)
  await happen(failing)
  await notify()
  assert.equal((await told()).length, mostPerDay)
  pass(24)
  await happen(failing)
  await notify()
  assert.equal((await told()).length, mostPerDay + 1)
})

test('counts of yesterday are kept and older ones are forgotten', async () => {
  const { workspaceId, happen, notify, pass } = await makeScene()
  for (let day = 0; day < 3; day++) {
    await happen(failing)
    await notify()
    pass(24)
  }
  await purgeNoticeCounts(database.system, new Date(Date.UTC(2026, 2, 13, 9)))
  const rows = await database.system
    .selectFrom('notice_counts')
    .select('count')
    .where('workspace_id', '=', workspaceId)
    .where('topic', '=', 'events')
    .execute()
  assert.equal(rows.length, 2)
})
