import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { openTestDatabase } from '../../test/database.ts'
import { arrayText } from './array-text.ts'

const database = await openTestDatabase()
after(() => database.close())

const readBack = async (values: readonly unknown[], type: string): Promise<unknown[]> => {
  const { rows } = await sql<{ found: unknown[] }>`select ${arrayText(values)}::${sql.raw(type)} as found`.execute(
    database.system,
  )
  return rows[0]!.found
}

test('every text comes back from the database as it was', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', 'null', 'NULL', ' ', ',', '{}', '"', '\\', '\\"', "it's", '\n', '{"a":"b\\n"}', 'ü', '-'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text), { minLength: 1 }), async (values) => {
      const kept = values.map((value) => (value === null ? null : value.replaceAll('\0', '')))
      assert.deepEqual(await readBack(kept, 'text[]'), kept)
    }),
    { numRuns: 100 },
  )
})

test('numbers, booleans, moments and nothing at all come back as they were', async () => {
  assert.deepEqual(await readBack([1, -2, 0, null], 'integer[]'), [1, -2, 0, null])
  assert.deepEqual(await readBack([true, false], 'boolean[]'), [true, false])
  assert.deepEqual(await readBack([], 'text[]'), [])
  const at = [new Date('2026-11-22T05:00:00.123Z'), new Date('0999-01-01T00:00:00Z'), new Date(253_402_300_799_999)]
  const epochs = sql<{ ms: number }>`select (extract(epoch from t) * 1000)::float8 as ms
    from unnest(${arrayText(at)}::timestamptz[]) with ordinality as u (t, n) order by n`
  const { rows } = await epochs.execute(database.system)
  assert.deepEqual(
    rows.map(({ ms }) => ms),
    at.map((moment) => moment.getTime()),
  )
})

test('what is not flat is left to others', () => {
  for (const value of [['nested'], { a: 1 }, Buffer.from('x'), new Date(Number.NaN)])
    assert.equal(arrayText([value]), undefined)
})
