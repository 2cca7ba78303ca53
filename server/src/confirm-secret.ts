import type { Db } from './database/open.ts'
import { StartError } from './start-error.ts'

/**
 * Ties the database to the secret it is first started with. Throws StartError for another one: every key would be refused,
 * and webhooks could not be signed. `system` sees the whole database; `fingerprint` is that of `Secrets`.
 */
export const confirmSecret = async (system: Db, fingerprint: string, dataDir: string): Promise<void> => {
  await system
    .insertInto('installation')
    .values({ secret_fingerprint: fingerprint })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { secret_fingerprint: known } = await system
    .selectFrom('installation')
    .select('secret_fingerprint')
    .executeTakeFirstOrThrow()
  if (known !== fingerprint)
    throw new StartError(
      `This database was set up with another secret key. Set PARLEY_SECRET_KEY to it, or put its secret.key back into ${dataDir}.`,
    )
}
