import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import { inReach } from './in-reach.ts'
import type { SessionRow } from './present.ts'

/** The living sessions of the caller, newest first: they are the person's, so nobody else sees them. */
export const listSessions = async (
  ctx: Ctx,
  page: PageInput,
  { system }: { system: Db },
): Promise<Page<SessionRow>> => {
  const query = system
    .selectFrom('sessions')
    .selectAll()
    .where(inReach(ctx))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', ctx.clock.now())
  return newestFirst(query, page)
}
