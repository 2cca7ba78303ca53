import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DatabaseError, DatabaseUnavailableError } from './database/connection.ts'
import { explainStart } from './explain-start.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-start-'))
})
after(() => rm(folder, { recursive: true }))

/** What a process says that is started like this and must end by itself. */
const refusal = async (environment: Record<string, string>): Promise<string> => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORT: '0', PARLEY_DATA_DIR: join(folder, 'data'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  assert.equal(code, 1, said)
  return said.trim()
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

const assertSentence = (said: string, ...parts: string[]) => {
  assert.equal(said.split('\n').length, 1, said)
  for (const part of parts) assert.ok(said.includes(part), said)
}

test('a database that cannot be reached is said in one line, without its password', async () => {
  const port = await freePort()
  const said = await refusal({ DATABASE_URL: `postgres://me:hidden@127.0.0.1:${port}/mine` })
  assertSentence(said, `127.0.0.1:${port}`, 'ECONNREFUSED', 'DATABASE_URL')
  assert.doesNotMatch(said, /hidden/)
  assertSentence(await refusal({ DATABASE_URL: 'postgres://me@nowhere.invalid/mine' }), 'nowhere.invalid')
})

test('a data directory that is a file, or below one, is said in one line', async () => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  for (const path of [file, join(file, 'below')])
    assertSentence(await refusal({ PARLEY_DATA_DIR: path }), 'PARLEY_DATA_DIR', file)
})

test('a HOST that is not of this machine is said in one line', async () => {
  for (const HOST of ['192.0.2.1', 'nowhere.invalid']) assertSentence(await refusal({ HOST }), 'HOST', HOST)
  const given = { HOST: '192.0.2.1', PORT: String(await freePort()) }
  assertSentence(await refusal(given), 'HOST', given.HOST)
})

test('a database that is missing and a password that is wrong are explained; what nobody foresaw is not', () => {
  const environment = { DATABASE_URL: 'postgres://me:hidden@db.example:5433/mine' }
  const refused = (code: string) => explainStart(new DatabaseError('no', code, undefined), environment)
  assert.match(refused('3D000')!, /"mine" at db\.example:5433/)
  assert.match(refused('28P01')!, /db\.example:5433 refused/)
  assert.equal(refused('42P01'), undefined)
  assert.match(explainStart(new DatabaseUnavailableError(new Error('timeout')), environment)!, /timeout/)
  assert.equal(explainStart(new TypeError('a defect'), environment), undefined)
  for (const code of ['3D000', '28P01']) assert.doesNotMatch(refused(code)!, /hidden/)
})
