import type { Db } from '../../database/open.ts'

/** Forgets answers that are too old to count again, and codes that nobody exchanged. */
// scope: the server's own housekeeping. no event: nothing changes for anybody.
export const purgeSignIns = async (system: Db, now: Date): Promise<void> => {
  await system.deleteFrom('oidc_used_states').where('expires_at', '<=', now).execute()
  await system.deleteFrom('oidc_codes').where('expires_at', '<=', now).execute()
}
