import type { Db } from '../../database/open.ts'

/** Deletes secrets whose overlap has ended. */
// scope: housekeeping, done for all workspaces at once.
// no event: the end of an overlap was told when it began.
export const purgeSecrets = async (system: Db, now: Date): Promise<void> => {
  await system.deleteFrom('webhook_secrets').where('expires_at', '<=', now).execute()
}
