import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import type { SignInPlace } from './queries.ts'

/** For what does not belong to a sign-in that is under way, whatever of it is wrong. */
export const stale = () =>
  new AppError('UNAUTHORIZED', 'This sign-in is unknown, over, too old, or of another browser. Begin again.')

/**
 * Has those who come in at once stand in a row, so that nobody is linked or made twice. Throws UNAUTHORIZED where the
 * connection is of another provider by now.
 */
export const lockConnection = async (tx: Db, { workspaceId }: SignInPlace, issuer: string): Promise<void> => {
  const row = await tx
    .selectFrom('oidc_connections')
    .select('issuer')
    .where('workspace_id', '=', workspaceId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row?.issuer !== issuer) throw stale()
}
