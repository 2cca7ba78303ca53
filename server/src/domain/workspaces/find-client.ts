import type { Db } from '../../database/open.ts'

/** The workspace of a client as its agency acts in it. */
export type Client = {
  workspaceId: string
  planId: string
  requestsPerMinute: number | null
  suspended: boolean
}

/** Finds a client of an agency. Whose client an id is, or that it is nobody's, cannot be told from the answer. */
export const findClient = async (db: Db, agencyId: string, id: string): Promise<Client | undefined> => {
  const row = await db
    .selectFrom('workspaces as w')
    .innerJoin('plans as p', 'p.id', 'w.plan_id')
    .select(['w.id', 'w.plan_id', 'w.status', 'p.requests_per_minute'])
    .where('w.id', '=', id)
    .where('w.parent_id', '=', agencyId)
    .executeTakeFirst()
  return (
    row && {
      workspaceId: row.id,
      planId: row.plan_id,
      requestsPerMinute: row.requests_per_minute,
      suspended: row.status === 'suspended',
    }
  )
}
