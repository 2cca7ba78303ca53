import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { recordAudit } from '../audit-logs/index.ts'
import type { Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { addMember } from './add-member.ts'
import { memberAdded } from './events.ts'
import { presentMember } from './present.ts'
import { getMember, type MemberRow } from './queries.ts'
import type { Role } from './roles.ts'

/** Makes a user a member, tells of it, and says in `detail` of the audit log what they came by. */
// scope: whoever calls this has checked what gives the right to it: an invite, or the word of a provider.
export const joinWorkspace = async (
  ctx: Ctx,
  tx: Db,
  { userId, role, detail }: { userId: string; role: Role; detail: Record<string, unknown> },
): Promise<MemberRow> => {
  await addMember(tx, { workspaceId: ctx.workspaceId, userId, role, now: ctx.clock.now() })
  const member = await getMember(tx, ctx.workspaceId, userId)
  await recordEvent(ctx, tx, memberAdded, { subject: { type: 'member', id: userId }, data: presentMember(member) })
  await recordAudit(ctx, tx, {
    action: 'member.added',
    target: { type: 'member', id: toWireId('user', userId) },
    detail: { role: member.role, ...detail },
  })
  return member
}
