import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../../test/make.ts'
import { newId } from '../../../base/ids.ts'
import { makeNote, numberEvents } from '../delivering.fixture.ts'
import { readCandidates } from './candidates.ts'
import { estimateBackfill } from './estimate.ts'

const database = await openTestDatabase()
after(() => database.close())

test('one look into a long log ends where so many events were looked at, found or not, and the next goes on there', async () => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  // Of another type, a millisecond apart, from a minute ago on.
  await sql`
    insert into events (workspace_id, created_at, id, sequence, type, names, subject_type, subject_id, payload)
    select ${ctx.workspaceId}, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008' || lpad(i::text, 15, '0'))::uuid,
      i, 'other.made', array['other.made'], 'other', null, '{}'
    from (select i, date_trunc('milliseconds', now()) - interval '1 minute' + i * interval '1 ms' as at from generate_series(1, 20010) i) other`.execute(
    database.system,
  )
  const noteId = await makeNote(ctx, 1)
  await numberEvents(database)
  const span = {
    workspaceId: ctx.workspaceId,
    webhookId: newId(),
    cursor: null,
    from: new Date(Date.now() - 3_600_000),
    to: new Date(Date.now() + 3_600_000),
    names: ['note.made'],
    filter: null,
    mode: 'missing',
  } as const
  const first = await readCandidates(database.system, span, 500)
  assert.deepEqual([first.candidates, first.ended], [[], false])
  const second = await readCandidates(database.system, { ...span, cursor: first.cursor }, 500)
  assert.deepEqual([second.candidates.map(({ id }) => id), second.ended], [[noteId], true])
  assert.equal(await estimateBackfill(ctx.db, span), 1)
})
