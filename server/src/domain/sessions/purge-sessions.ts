import type { Db } from '../../database/open.ts'

const keptMs = 30 * 86_400_000

/** Forgets sessions that have been over for a month. */
// scope: the server's own housekeeping. no event: nothing changes for anybody.
export const purgeSessions = async (system: Db, now: Date): Promise<void> => {
  await system
    .deleteFrom('sessions')
    .where('expires_at', '<=', new Date(now.getTime() - keptMs))
    .execute()
}
