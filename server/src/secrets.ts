import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Keys for different uses, all derived from the one secret of an installation. `fingerprint` tells secrets apart, no more. */
export type Secrets = { pepper: Buffer; box: Buffer; sessions: Buffer; cursors: Buffer; fingerprint: string }

const derive = (secret: Buffer, use: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `parley ${use}`, 32))

const readOrCreate = async (path: string): Promise<Buffer> => {
  try {
    const file = await open(path, 'wx', 0o600)
    const secret = randomBytes(32)
    await file.writeFile(`${secret.toString('base64')}\n`)
    await file.sync()
    await file.close()
    return secret
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const secret = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
    if (secret.length !== 32)
      throw new Error(
        `${path} does not hold 32 bytes in base64. Restore it from a backup: keys and webhook secrets depend on it.`,
      )
    return secret
  }
}

/** The secret given by configuration, or the one kept in the data directory, made on first use. */
export const loadSecrets = async (given: Buffer | undefined, dataDir: string): Promise<Secrets> => {
  if (!given) await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const secret = given ?? (await readOrCreate(join(dataDir, 'secret.key')))
  return {
    pepper: derive(secret, 'api keys'),
    box: derive(secret, 'secrets at rest'),
    sessions: derive(secret, 'session tokens'),
    cursors: derive(secret, 'cursors of lists'),
    fingerprint: createHmac('sha256', derive(secret, 'fingerprint'))
      .update('parley installation')
      .digest('hex')
      .slice(0, 32),
  }
}
