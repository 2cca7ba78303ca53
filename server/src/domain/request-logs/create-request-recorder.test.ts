import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestDatabase } from '../../../test/database.ts'
import { makeWorkspace } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import { type Log, silentLog } from '../../base/log.ts'
import { createRequestRecorder } from './create-request-recorder.ts'
import type { AnsweredRequest } from './insert-request-logs.ts'

const database = await openTestDatabase()
after(() => database.close())

const { system } = database

const answered = (workspaceId: string, id = newId()): AnsweredRequest => ({
  id,
  workspaceId,
  keyId: newId(),
  method: 'GET',
  route: '/v1/contacts/:id',
  status: 200,
  durationMs: 1.23456,
  bytesIn: 0,
  bytesOut: 17,
  address: '127.0.0.1',
  requestId: `req_${id}`,
  idempotencyKey: null,
  errorCode: null,
})

const rowsOf = (workspaceId: string) =>
  system.selectFrom('request_logs').selectAll().where('workspace_id', '=', workspaceId).orderBy('id').execute()

const listeningLog = (): { log: Log; warnings: unknown[] } => {
  const warnings: unknown[] = []
  return { log: { ...silentLog, warn: (...said: unknown[]) => warnings.push(said[0]) } as Log, warnings }
}

// Long before any partition.
const unwritable = '00000000-0000-7000-8000-000000000000'

test('requests of several workspaces are written together at the next flush', async () => {
  const recorder = createRequestRecorder({ system, log: silentLog })
  const [one, other] = [await makeWorkspace(database), await makeWorkspace(database)]
  const sent = [answered(one), answered(other), answered(one)]
  for (const request of sent) recorder.push(request)
  assert.equal((await rowsOf(one)).length, 0)
  await recorder.flush()
  const rows = await rowsOf(one)
  assert.deepEqual(
    rows.map(({ id, route, duration_ms }) => ({ id, route, duration_ms })),
    [sent[0]!, sent[2]!].map(({ id }) => ({ id, route: '/v1/contacts/{id}', duration_ms: 1.235 })),
  )
  assert.equal((await rowsOf(other)).length, 1)
})

test('a full batch is written without waiting for the next flush', async () => {
  const recorder = createRequestRecorder({ system, log: silentLog, batchSize: 50 })
  const workspaceId = await makeWorkspace(database)
  for (let i = 0; i < 50; i++) recorder.push(answered(workspaceId))
  while ((await rowsOf(workspaceId)).length < 50) await sleep(5)
})

test('a flush also writes what came while another was at work', async () => {
  const recorder = createRequestRecorder({ system, log: silentLog })
  const workspaceId = await makeWorkspace(database)
  recorder.push(answered(workspaceId))
  const first = recorder.flush()
  recorder.push(answered(workspaceId))
  await recorder.flush()
  await first
  assert.equal((await rowsOf(workspaceId)).length, 2)
})

test('what does not fit is dropped, and its number is logged', async () => {
  const { log, warnings } = listeningLog()
  const recorder = createRequestRecorder({ system, log, capacity: 3 })
  const workspaceId = await makeWorkspace(database)
  for (let i = 0; i < 5; i++) recorder.push(answered(workspaceId))
  await recorder.flush()
  assert.equal((await rowsOf(workspaceId)).length, 3)
  assert.deepEqual(warnings, [{ dropped: 2 }])
  recorder.push(answered(workspaceId))
  await recorder.flush()
  assert.equal((await rowsOf(workspaceId)).length, 4)
  assert.equal(warnings.length, 1)
})

test('a batch that cannot be written is tried again, then dropped, and blocks nothing behind it', async () => {
  const { log, warnings } = listeningLog()
  const recorder = createRequestRecorder({ system, log, batchSize: 1_000 })
  const workspaceId = await makeWorkspace(database)
  recorder.push(answered(workspaceId, unwritable))
  await recorder.flush()
  await recorder.flush()
  assert.deepEqual(warnings, [])
  await recorder.flush()
  assert.deepEqual(warnings, [{ dropped: 1 }])
  recorder.push(answered(workspaceId))
  await recorder.flush()
  assert.equal((await rowsOf(workspaceId)).length, 1)
})
