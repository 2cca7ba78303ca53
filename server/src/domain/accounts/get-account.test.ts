import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { createWorkspace } from '../workspaces/index.ts'
import { Account, getAccount, listAccounts, presentAccount } from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const read = async (id: string) => {
  const ctx = makeCtx(database, id)
  return Account.parse(presentAccount(ctx, await getAccount(ctx, id)))
}

test('a caller reads its own workspace with its plan, and sees which live one it is the sandbox of', async () => {
  const { liveId, sandboxId } = await createWorkspace(database.system, {
    name: 'Acme',
    planId: 'starter',
    now: new Date(),
  })
  const live = await read(liveId)
  assert.deepEqual(live.plan, { id: 'starter', label: 'Starter' })
  assert.equal(live.mode, 'live')
  assert.equal(live.sandbox_of, null)
  assert.equal((await read(sandboxId)).sandbox_of, live.id)
})

test('the list of a workspace without clients holds it alone, and nothing comes after it', async () => {
  const id = await makeWorkspace(database)
  await makeWorkspace(database)
  const ctx = makeCtx(database, id)
  const page = await listAccounts(ctx, {}, { limit: 20, after: null })
  assert.deepEqual(
    page.rows.map((row) => row.id),
    [id],
  )
  assert.equal(page.hasMore, false)
  assert.deepEqual((await listAccounts(ctx, {}, { limit: 20, after: id })).rows, [])
})

test('another workspace is not found, and a key without the scope is refused', async () => {
  const [own, other] = [await makeWorkspace(database), await makeWorkspace(database)]
  await assert.rejects(getAccount(makeCtx(database, own), other), { code: 'NOT_FOUND' })
  await assert.rejects(getAccount(makeCtx(database, own, { scopes: ['contacts:read'] }), own), { code: 'FORBIDDEN' })
})
