import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { type Page, type PageInput, toPage } from '../wire.ts'
import { inReach } from './in-reach.ts'
import type { SessionRow } from './present.ts'

/** The living sessions of the caller, newest first: they are the person's, so nobody else sees them. */
export const listSessions = async (
  ctx: Ctx,
  page: PageInput,
  { system }: { system: Db },
): Promise<Page<SessionRow>> => {
  let query = system
    .selectFrom('sessions')
    .selectAll()
    .where(inReach(ctx))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', ctx.clock.now())
  if (page.after) query = query.where('id', '<', page.after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return toPage(rows, page.limit)
}
