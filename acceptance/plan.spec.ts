import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createInstaller, endOf, eventually, launch, onPostgres, type Parley } from './parley.ts'

const command = fileURLToPath(new URL('../server/src/plan.ts', import.meta.url))
const { install, removeAll } = createInstaller()
after(removeAll)

/** Runs `npm run plan` as the operator of that installation would. */
const plan = async ({ folder, environment }: Parley, ...args: string[]) => {
  const launched = launch(folder, environment, [command, ...args])
  return { code: await endOf(launched), said: launched.output() }
}

const planSeen = async (parley: Parley, key: string): Promise<string> =>
  (await parley.call('GET', '/v1/usage', { key })).body.plan.id

test('the operator changes a plan by one command, and servers, usage and webhooks know of it', async () => {
  const parley = await install()
  await parley.start()
  const { live_key, sandbox_key, workspace_id } = await parley.credentials()
  assert.equal(await planSeen(parley, live_key), 'unlimited')

  if (!onPostgres) {
    const refused = await plan(parley, workspace_id, 'growth')
    assert.equal(refused.code, 1)
    assert.match(refused.said, /in use by a running server, .* Stop the server, run this again, and start it\./)
    await parley.stop()
  }
  const listed = await plan(parley)
  assert.equal(listed.code, 0, listed.said)
  assert.match(listed.said, /^growth +Growth +300 +5000 +1000 +5$/m)
  assert.match(listed.said, new RegExp(`^${workspace_id} +unlimited +My workspace$`, 'm'))
  const changed = await plan(parley, 'My workspace', 'growth')
  assert.equal(changed.code, 0, changed.said)
  assert.match(changed.said, /^My workspace and its sandbox are on the plan Growth now/)
  assert.match((await plan(parley, workspace_id, 'growth')).said, /is on the plan Growth already/)
  if (!onPostgres) await parley.start()

  for (const key of [live_key, sandbox_key]) {
    assert.equal(await planSeen(parley, key), 'growth')
    const limited = () => parley.call('GET', '/v1/plans', { key })
    await eventually(limited, ({ headers }) => headers.get('x-ratelimit-limit') === '300')
    const told = () => parley.call('GET', '/v1/events?type=plan.changed', { key })
    const { body } = await eventually(told, ({ body }) => body.data.length > 0)
    assert.equal(body.data.length, 1)
    assert.equal(body.data[0].data.previous_plan.id, 'unlimited')
    assert.equal(body.data[0].data.plan.id, 'growth')
    const audited = await parley.call('GET', '/v1/audit-logs?action=workspace.plan_changed', { key })
    assert.equal(audited.body.data[0].actor, 'system:operator')
  }
})

test('a command that cannot be carried out says why, and leaves nothing behind', async () => {
  const parley = await install()
  if (!onPostgres) {
    const nowhere = await plan(parley, 'Acme', 'growth')
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.said, /There is no embedded database in /)
  }
  await parley.start()
  await parley.stop()
  const { workspace_id } = await parley.credentials()
  const cases: [string[], RegExp][] = [
    [['Acme', 'growth'], /No workspace has the id or the name 'Acme'/],
    [['ws_01h455vb4pex5vsknk084sn02q', 'growth'], /No workspace has the id 'ws_01h455vb4pex5vsknk084sn02q'/],
    [[workspace_id, 'platinum'], /There is no plan 'platinum'\. The plans are free, /],
    [[workspace_id], /usage: npm run plan/],
  ]
  for (const [args, reason] of cases) {
    const { code, said } = await plan(parley, ...args)
    assert.equal(code, 1, said)
    assert.match(said, reason)
    assert.doesNotMatch(said, /\n {4}at /)
  }
})
