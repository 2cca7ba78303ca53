import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { memberUpdated } from './events.ts'
import { lastOwner } from './last-owner.ts'
import { presentMember } from './present.ts'
import { getMember, lockMembers, type MemberRow } from './queries.ts'
import { refuseBeyondOwn } from './refuse-beyond-own.ts'
import type { Role } from './roles.ts'

/** Gives a member another role, which their sessions have from then on. The last owner stays one: CONFLICT. */
export const updateMember = async (ctx: Ctx, { userId, role }: { userId: string; role: Role }): Promise<MemberRow> => {
  requireScope(ctx, 'members:write')
  return transaction(ctx.db, async (tx) => {
    const { owners } = await lockMembers(ctx, tx)
    const old = await getMember(tx, ctx.workspaceId, userId)
    if (old.role === role) return old
    await refuseBeyondOwn(ctx, tx, [old.role, role])
    if (old.role === 'owner' && owners.length === 1) throw lastOwner()
    await tx
      .updateTable('members')
      .set({ role })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('user_id', '=', userId)
      .execute()
    const row = { ...old, role }
    await recordEvent(ctx, tx, memberUpdated, { subject: { type: 'member', id: userId }, data: presentMember(row) })
    await recordAudit(ctx, tx, {
      action: 'member.updated',
      target: { type: 'member', id: toWireId('user', userId) },
      detail: { role, role_before: old.role },
    })
    return row
  })
}
