import type { Db } from '../../database/open.ts'

/** Forgets sign-ins that nobody came back from, and codes that nobody exchanged. */
// scope: the server's own housekeeping. no event: nothing changes for anybody.
export const purgeSignIns = async (system: Db, now: Date): Promise<void> => {
  await system.deleteFrom('oidc_sign_ins').where('expires_at', '<=', now).execute()
  await system.deleteFrom('oidc_codes').where('expires_at', '<=', now).execute()
}
