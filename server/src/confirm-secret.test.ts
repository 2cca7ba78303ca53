import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { openTestDatabase } from '../test/database.ts'
import { confirmSecret } from './confirm-secret.ts'
import type { Database } from './database/open.ts'
import { loadSecrets } from './secrets.ts'
import { StartError } from './start-error.ts'

let database: Database
let folder: string
before(async () => {
  database = await openTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-secret-'))
})
after(async () => {
  await database.close()
  await rm(folder, { recursive: true })
})

const fingerprintOf = async (secret: Buffer | undefined): Promise<string> =>
  (await loadSecrets(secret, folder)).fingerprint

test('the fingerprint of a secret is always the same, and another for another secret', async () => {
  const secret = randomBytes(32)
  assert.match(await fingerprintOf(secret), /^[0-9a-f]{32}$/)
  assert.equal(await fingerprintOf(secret), await fingerprintOf(secret))
  assert.equal(await fingerprintOf(undefined), await fingerprintOf(undefined))
  assert.notEqual(await fingerprintOf(secret), await fingerprintOf(undefined))
})

test('a database takes the secret it is first started with, and no other', async () => {
  const [mine, other] = [await fingerprintOf(randomBytes(32)), await fingerprintOf(randomBytes(32))]
  await confirmSecret(database.system, mine, folder)
  await confirmSecret(database.system, mine, folder)
  await assert.rejects(
    confirmSecret(database.system, other, folder),
    (error) =>
      error instanceof StartError &&
      error.message.includes('another secret key') &&
      error.message.includes('PARLEY_SECRET_KEY') &&
      error.message.includes(folder),
  )
  await confirmSecret(database.system, mine, folder)
})
