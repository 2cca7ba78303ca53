import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { recordAudit } from '../audit-logs/index.ts'
import type { Ctx } from '../context.ts'
import type { Role } from '../users/index.ts'
import type { ConnectionRow } from './present.ts'
import type { SignInPlace } from './queries.ts'

/** Throws FORBIDDEN where an owner is to be signed in by a provider that no owner has named. */
export const refuseOwner = (role: Role, { signs_in_owners }: Pick<ConnectionRow, 'signs_in_owners'>): void => {
  if (role !== 'owner' || signs_in_owners) return
  throw new AppError(
    'FORBIDDEN',
    'Owners sign in with their password here: an owner has to set up the connection for them.',
  )
}

/**
 * Notes that a subject at the provider is this member, so that both are known by it from now on, and ends what an earlier
 * link has opened. Throws FORBIDDEN where either is linked already.
 */
// scope: the provider's word, and the password where it needs one, are the right to do this.
// no event: how a person signs in is theirs, not the workspace's.
export const linkPerson = async (
  ctx: Ctx,
  tx: Db,
  { workspaceId, connection }: SignInPlace,
  { userId, subject }: { userId: string; subject: string },
): Promise<void> => {
  const { issuer } = connection
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('oidc_identities')
    .values({ workspace_id: workspaceId, issuer, subject, user_id: userId, created_at: ctx.clock.now() })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 0n)
    throw new AppError(
      'FORBIDDEN',
      'This account belongs to somebody else at the provider. An admin can set the connection up anew to unlink all.',
    )
  // What another subject, or another provider of this workspace, has opened as this member is not theirs.
  await tx
    .updateTable('sessions')
    .set({ revoked_at: ctx.clock.now() })
    .where('user_id', '=', userId)
    .where('workspace_id', '=', workspaceId)
    .where('opened_by', '=', 'oidc')
    .where('revoked_at', 'is', null)
    .execute()
  await recordAudit(ctx, tx, {
    action: 'member.linked',
    target: { type: 'member', id: toWireId('user', userId) },
    detail: { by: 'oidc' },
  })
}
