import type { Db } from '../../database/open.ts'

// The longest period is a month: an older row keeps nothing from being told twice.
const keptMs = 62 * 86_400_000

/** Forgets limits that were reached in periods long over. */
// scope: the server's own housekeeping. no event: nothing changes for anybody.
export const purgeReachedLimits = async (system: Db, now: Date): Promise<void> => {
  await system
    .deleteFrom('limits_reached')
    .where('created_at', '<=', new Date(now.getTime() - keptMs))
    .execute()
}
