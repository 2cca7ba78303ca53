import type { Db } from '../../database/open.ts'

const dayMs = 86_400_000

/** Forgets how many notices were mailed before yesterday. */
// scope: the server's own housekeeping. no event: nothing changes for anybody.
export const purgeNoticeCounts = async (system: Db, now: Date): Promise<void> => {
  await system
    .deleteFrom('notice_counts')
    .where('day', '<', new Date(now.getTime() - dayMs).toISOString().slice(0, 10))
    .execute()
}
