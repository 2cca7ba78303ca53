import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { normalEmail } from './email.ts'
import { memberRemoved } from './events.ts'
import { lastOwner } from './last-owner.ts'
import { getMember, lockMembers } from './queries.ts'
import { refuseBeyondOwn } from './refuse-beyond-own.ts'
import { revokeOpenInvites } from './revoke-open-invites.ts'

/** Takes a person out of the workspace, and with that ends their sessions in it. The last owner stays: CONFLICT. */
export const removeMember = async (ctx: Ctx, userId: string): Promise<void> => {
  requireScope(ctx, 'members:write')
  await transaction(ctx.db, async (tx) => {
    const { owners } = await lockMembers(ctx, tx)
    const old = await getMember(tx, ctx.workspaceId, userId)
    await refuseBeyondOwn(ctx, tx, [old.role])
    if (old.role === 'owner' && owners.length === 1) throw lastOwner()
    await tx.deleteFrom('members').where('workspace_id', '=', ctx.workspaceId).where('user_id', '=', userId).execute()
    // Whoever came by a provider has left an invite open, which would let them back in.
    await revokeOpenInvites(ctx, tx, normalEmail(old.email))
    await recordEvent(ctx, tx, memberRemoved, {
      subject: { type: 'member', id: userId },
      data: { user_id: toWireId('user', userId), email: old.email, removed_at: ctx.clock.now().toISOString() },
    })
    await recordAudit(ctx, tx, {
      action: 'member.removed',
      target: { type: 'member', id: toWireId('user', userId) },
      detail: { role_before: old.role },
    })
  })
}
