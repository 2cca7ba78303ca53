import assert from 'node:assert/strict'
import test from 'node:test'
import { openTestDatabase } from './database.ts'
import { makeWorkspace } from './make.ts'

test('two test databases share nothing', async () => {
  const [first, second] = await Promise.all([openTestDatabase(), openTestDatabase()])
  try {
    await makeWorkspace(first)
    const count = async (database: typeof first) =>
      (await database.system.selectFrom('workspaces').select('id').execute()).length
    assert.equal(await count(first), 1)
    assert.equal(await count(second), 0)
    assert.equal(first.kind, process.env.PARLEY_TEST_DATABASE_URL ? 'postgres' : 'embedded')
  } finally {
    await first.close()
    await second.close()
  }
})
