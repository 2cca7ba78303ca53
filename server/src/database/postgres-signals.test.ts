import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import pg from 'pg'
import { createTestDatabaseUrl } from '../../test/database.ts'
import { createPostgresSignals } from './postgres-signals.ts'

const skip = process.env.PARLEY_TEST_DATABASE_URL === undefined && 'needs a PostgreSQL'

describe('signals between processes', { skip }, async () => {
  const { url, drop } = skip ? { url: null, drop: async () => undefined } : await createTestDatabaseUrl()
  const errors: Error[] = []
  const open = () => createPostgresSignals({ url: url!, onError: (error) => errors.push(error) })
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  after(drop)

  test('a word reaches the others and not the one who told it; many at a time are told once', async () => {
    const [first, second] = [open(), open()]
    const heard: string[] = []
    first.hear('committed', (detail) => heard.push(`first committed ${detail}`))
    second.hear('committed', (detail) => heard.push(`second committed ${detail}`))
    second.hear('forget', (detail) => heard.push(`second forget ${detail}`))
    // Each begins by assuming that it has missed something.
    await until(() => heard.length === 3)
    heard.length = 0
    for (let i = 0; i < 50; i++) first.tell('committed')
    first.tell('forget', 'key:a')
    first.tell('forget', 'key:b')
    await until(() => heard.includes('second forget key:b'))
    assert.deepEqual(heard, ['second committed null', 'second forget key:a', 'second forget key:b'])
    await first.close()
    await second.close()
  })

  test('a lost connection is opened again, and whoever listens is told that something may have been missed', async () => {
    const [first, second] = [open(), open()]
    const heard: (string | null)[] = []
    second.hear('sequenced', (detail) => heard.push(detail))
    first.hear('sequenced', () => undefined)
    await until(() => heard.length === 1)
    errors.length = 0
    const client = new pg.Client({ connectionString: url! })
    await client.connect()
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'parley signals' and datname = current_database()`)
    await client.end()
    await until(() => heard.length === 2)
    assert.equal(heard[1], null)
    assert.ok(errors.length > 0)
    while (heard.length === 2) {
      first.tell('sequenced')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await first.close()
    await second.close()
    await second.close()
  })
})
