import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { sql } from 'kysely'
import { createTestDatabaseUrl, openTestDatabase } from '../../test/database.ts'
import { makeWorkspace } from '../../test/make.ts'
import { newId } from '../base/ids.ts'
import { acrossWorkspaces } from './across-workspaces.ts'
import { DatabaseError, isUniqueViolation } from './connection.ts'
import { FolderInUseError } from './folder-lock.ts'
import { migrate } from './migrate.ts'
import { type Db, openDatabase } from './open.ts'
import { createPostgresPool } from './postgres-pool.ts'
import { savepoint, transaction } from './transaction.ts'

const database = await openTestDatabase()
after(() => database.close())

type Table = { table: string; forced: boolean; partition: boolean; policies: number; reachable: boolean }

// Only plans are for everybody to read: they belong to no workspace.
const allTables = async (): Promise<Table[]> => {
  const { rows } = await sql<Table>`
    select c.relname as table, c.relrowsecurity and c.relforcerowsecurity as forced, c.relispartition as partition,
      (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies,
      has_table_privilege('parley_request', c.oid, 'select, insert, update, delete, truncate')
        or has_any_column_privilege('parley_request', c.oid, 'select, insert, update') as reachable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
    where c.relkind in ('r', 'p') and c.relname <> 'plans' order by 1`.execute(database.system)
  return rows
}

test('every table that a request can reach is under a forced policy for requests and one for workers, and agencies see their clients', async () => {
  const reachable = (await allTables()).filter((table) => table.reachable)
  assert.ok(reachable.length >= 20)
  for (const { table, forced, policies } of reachable)
    assert.deepEqual([table, forced, policies], [table, true, table === 'workspaces' ? 3 : 2])
})

test('the primary key of every such table begins with the workspace, and so does every foreign key between them', async () => {
  const { rows: keys } = await sql<{ table: string; first: string }>`
    select c.relname as table, a.attname as first from pg_constraint k join pg_class c on c.oid = k.conrelid
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
    where k.contype = 'p' and has_table_privilege('parley_request', c.oid, 'select')
      and exists (select from pg_attribute w where w.attrelid = c.oid and w.attname = 'workspace_id')`.execute(
    database.system,
  )
  for (const { table, first } of keys) assert.equal(first, 'workspace_id', table)
  const { rows: foreign } = await sql<{ name: string; first: string; target: string }>`
    select k.conname as name, a.attname as first, t.attname as target from pg_constraint k join pg_class c on c.oid = k.conrelid
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
    join pg_attribute t on t.attrelid = k.confrelid and t.attnum = k.confkey[1]
    where k.contype = 'f' and has_table_privilege('parley_request', c.oid, 'select') and exists (select from pg_attribute w where w.attrelid = k.confrelid and w.attname = 'workspace_id')`.execute(
    database.system,
  )
  assert.ok(foreign.length > 5)
  for (const { name, first, target } of foreign)
    assert.deepEqual([name, first, target], [name, 'workspace_id', 'workspace_id'])
})

test('a partition cannot be reached around the policies of its parent', async () => {
  const partitions = (await allTables()).filter(({ partition }) => partition)
  assert.ok(partitions.length >= 3)
  assert.deepEqual(
    partitions.filter(({ reachable }) => reachable),
    [],
  )
})

const insertContact = (db: Db, workspaceId: string, id = newId()) =>
  sql`insert into contacts (workspace_id, id, tags, metadata, created_at, updated_at) values (${workspaceId}, ${id}, '{}', '{}', now(), now())`.execute(
    db,
  )

test('a request sees and changes its own workspace only, even where a query forgets to ask', async () => {
  const [own, foreign] = [await makeWorkspace(database), await makeWorkspace(database)]
  await insertContact(database.workspace(own), own)
  await insertContact(database.workspace(foreign), foreign)
  const db = database.workspace(own)
  const seen = await db.selectFrom('contacts').select('workspace_id').execute()
  assert.deepEqual(seen, [{ workspace_id: own }])
  assert.deepEqual(await db.selectFrom('workspaces').select('id').execute(), [{ id: own }])
  const { numUpdatedRows } = await db.updateTable('contacts').set({ name: 'taken' }).executeTakeFirst()
  assert.equal(numUpdatedRows, 1n)
  const { numDeletedRows } = await db.deleteFrom('contacts').where('workspace_id', '=', foreign).executeTakeFirst()
  assert.equal(numDeletedRows, 0n)
})

test('an agency sees that its clients are there, changes nothing about them, and none of their rows', async () => {
  const [agency, client, sibling] = [await makeWorkspace(database), await makeWorkspace(database), newId()]
  await database.system.updateTable('workspaces').set({ parent_id: agency }).where('id', '=', client).execute()
  const { plan_id, ...rest } = await database.system
    .selectFrom('workspaces')
    .selectAll()
    .where('id', '=', client)
    .executeTakeFirstOrThrow()
  await database.system
    .insertInto('workspaces')
    .values({ ...rest, plan_id, id: sibling })
    .execute()
  await insertContact(database.workspace(client), client)
  const idsSeenBy = async (id: string) =>
    (await database.workspace(id).selectFrom('workspaces').select('id').execute()).map((row) => row.id).sort()
  assert.deepEqual(await idsSeenBy(agency), [agency, client, sibling].sort())
  assert.deepEqual(await idsSeenBy(client), [client])
  const db = database.workspace(agency)
  assert.deepEqual(await db.selectFrom('contacts').select('id').execute(), [])
  const { numUpdatedRows } = await db
    .updateTable('workspaces')
    .set({ plan_id: 'free' })
    .where('id', '=', client)
    .executeTakeFirst()
  const { numDeletedRows } = await db.deleteFrom('workspaces').where('id', '=', client).executeTakeFirst()
  assert.deepEqual([numUpdatedRows, numDeletedRows], [0n, 0n])
})

test('what reaches across workspaces is bound again afterwards, and undone with its savepoint', async () => {
  const [own, foreign] = [await makeWorkspace(database), await makeWorkspace(database)]
  await insertContact(database.workspace(foreign), foreign)
  const countOf = async (db: Db) =>
    (await db.selectFrom('contacts').select('id').where('workspace_id', '=', foreign).execute()).length
  const db = database.workspace(own)
  await transaction(db, async (tx) => {
    assert.deepEqual([await countOf(tx), await acrossWorkspaces(tx, () => countOf(tx)), await countOf(tx)], [0, 1, 0])
    const effect = await savepoint(tx, 'effect')
    await assert.rejects(
      acrossWorkspaces(tx, () => Promise.reject(new Error('refused'))),
      /refused/,
    )
    await effect.rollback()
    assert.equal(await countOf(tx), 0)
  })
  await assert.rejects(
    transaction(db, (tx) => acrossWorkspaces(tx, () => Promise.reject(new Error('refused')))),
    /refused/,
  )
  assert.equal(await countOf(db), 0)
})

test('a request cannot write into another workspace, nor move a row there', async () => {
  const [own, foreign] = [await makeWorkspace(database), await makeWorkspace(database)]
  const db = database.workspace(own)
  const refusedByPolicy = (error: unknown) => error instanceof DatabaseError && error.code === '42501'
  await assert.rejects(insertContact(db, foreign), refusedByPolicy)
  await insertContact(db, own)
  await assert.rejects(db.updateTable('contacts').set({ workspace_id: foreign }).execute(), refusedByPolicy)
})

test('a request that names no workspace sees no row of any table', async () => {
  await insertContact(database.workspace(await makeWorkspace(database)), await makeWorkspace(database)).catch(
    () => undefined,
  )
  const unbound = database.workspace('')
  for (const { table } of (await allTables()).filter(({ reachable }) => reachable)) {
    const { rows } = await sql<{
      n: number
    }>`select count(created.*)::int as n from (select 1 from ${sql.table(table)}) created`.execute(unbound)
    assert.deepEqual([table, rows[0]?.n], [table, 0])
  }
})

test('a request can read no password and change no plan', async () => {
  const db = database.workspace(await makeWorkspace(database))
  await assert.rejects(sql`select * from users`.execute(db), DatabaseError)
  await assert.rejects(sql`select password_hash from users`.execute(db), DatabaseError)
  await assert.rejects(sql`update plans set requests_per_minute = null`.execute(db), DatabaseError)
  await assert.rejects(sql`select * from schema_migrations`.execute(db), DatabaseError)
})

test('workspaces that take turns on few connections never see each other', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => makeWorkspace(database)))
  for (const id of ids) await insertContact(database.workspace(id), id)
  const ask = async (id: string, i: number) => {
    const db = database.workspace(id)
    if (i % 3 === 0) await assert.rejects(transaction(db, (tx) => sql`select 1 / 0`.execute(tx)))
    const { rows } = await sql<{ workspace_id: string }>`select workspace_id from contacts`.execute(db)
    assert.deepEqual(rows, [{ workspace_id: id }])
  }
  await Promise.all(Array.from({ length: 200 }, (_, i) => ask(ids[i % ids.length]!, i)))
  assert.ok((await database.system.selectFrom('contacts').select('id').execute()).length >= 8)
})

test('what fails in a transaction leaves nothing, and joining transactions commit as one', async () => {
  const workspaceId = await makeWorkspace(database)
  const db = database.workspace(workspaceId)
  await assert.rejects(
    transaction(db, async (tx) => {
      await transaction(tx, (inner) => insertContact(inner, workspaceId))
      throw new Error('undone')
    }),
    /undone/,
  )
  assert.equal((await db.selectFrom('contacts').select('id').execute()).length, 0)
})

test('commits of a workspace are announced, and nothing else is', async () => {
  let commits = 0
  database.onCommit(() => commits++)
  const workspaceId = await makeWorkspace(database)
  const db = database.workspace(workspaceId)
  await transaction(db, (tx) => insertContact(tx, workspaceId))
  assert.equal(commits, 1)
  await transaction(db, async () => Promise.reject(new Error('undone'))).catch(() => undefined)
  assert.equal(commits, 1)
})

test('a broken constraint is told by its code and name on both databases', async () => {
  const workspaceId = await makeWorkspace(database)
  const db = database.workspace(workspaceId)
  const id = newId()
  await insertContact(db, workspaceId, id)
  await assert.rejects(
    insertContact(db, workspaceId, id),
    (error) =>
      isUniqueViolation(error) && isUniqueViolation(error, 'contacts_pkey') && !isUniqueViolation(error, 'other'),
  )
})

test('values come back alike from both databases', async () => {
  const { rows } =
    await sql`select 1::int as int, 2::bigint as bigint, true as bool, array['a','b'] as texts, 'ü€😀'::text as text,
    '2026-03-11T11:22:00.123Z'::timestamptz(3) as at, decode('00ff', 'hex') as bytes, null as nothing`.execute(
      database.system,
    )
  const row = rows[0] as Record<string, unknown>
  assert.deepEqual(row, {
    int: 1,
    bigint: 2,
    bool: true,
    texts: ['a', 'b'],
    text: 'ü€😀',
    at: new Date('2026-03-11T11:22:00.123Z'),
    bytes: Buffer.from([0, 255]),
    nothing: null,
  })
})

test('partitions reach from yesterday to three days ahead, and making them again is no error', async () => {
  await database.prepareDays(new Date())
  await database.prepareDays(new Date(Date.now() + 10 * 86_400_000))
  const names = (await allTables()).filter(({ partition }) => partition).map(({ table }) => table)
  const day = (offset: number) =>
    new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
  for (const parent of ['events', 'deliveries', 'delivery_attempts'])
    for (const offset of [-1, 0, 1, 2, 3, 9, 10, 13])
      assert.ok(names.includes(`${parent}_${day(offset)}`), `${parent} ${offset}`)
})

test('a data folder is opened once at a time and keeps what was written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-folder-'))
  try {
    const first = await openDatabase({ url: null, folder })
    await assert.rejects(openDatabase({ url: null, folder }), FolderInUseError)
    const workspaceId = await makeWorkspace(first)
    await first.close()
    const second = await openDatabase({ url: null, folder })
    assert.deepEqual(await second.system.selectFrom('workspaces').select('id').execute(), [{ id: workspaceId }])
    await second.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('migrating twice applies nothing the second time, and two processes that start at once both come up', {
  skip: process.env.PARLEY_TEST_DATABASE_URL === undefined && 'needs a PostgreSQL',
}, async () => {
  const { url, drop } = await createTestDatabaseUrl()
  try {
    const pool = createPostgresPool({ url: url!, max: 4, onError: () => undefined })
    const fresh = await pool.acquire()
    await fresh.script('drop schema public cascade; create schema public')
    pool.release(fresh)
    const applied = await Promise.all([migrate(pool), migrate(pool)])
    assert.equal(applied.filter((names) => names.length > 0).length, 1)
    assert.deepEqual(await migrate(pool), [])
    await pool.close()
    const both = await Promise.all([
      openDatabase({ url: url!, folder: null }),
      openDatabase({ url: url!, folder: null }),
    ])
    for (const opened of both) {
      await makeWorkspace(opened)
      await opened.close()
    }
  } finally {
    await drop()
  }
})
