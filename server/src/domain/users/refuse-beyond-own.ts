import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { holdsScope } from '../scopes.ts'
import { type Role, roleScopes } from './roles.ts'

const isOwner = async (ctx: Ctx, tx: Db): Promise<boolean> => {
  if (ctx.actor.type !== 'user') return false
  const row = await tx
    .selectFrom('members')
    .select('role')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('user_id', '=', ctx.actor.id)
    .executeTakeFirst()
  return row?.role === 'owner'
}

/**
 * Throws FORBIDDEN when the caller may not give or take one of these roles: nobody hands out more than they hold, and only
 * owners make or unmake owners, whom no API key can stand for.
 */
// scope: the verbs that call this have checked theirs.
export const refuseBeyondOwn = async (ctx: Ctx, tx: Db, wanted: readonly Role[]): Promise<void> => {
  const { actor } = ctx
  if (!('scopes' in actor)) return
  if (wanted.includes('owner') && !(await isOwner(ctx, tx)))
    throw new AppError('FORBIDDEN', 'Only an owner of the workspace can make, change or remove an owner.')
  const beyond = wanted.flatMap((role) => [...roleScopes[role]].filter((scope) => !holdsScope(actor.scopes, scope)))
  if (beyond.length === 0) return
  const missing = [...new Set(beyond)]
  throw new AppError('FORBIDDEN', `Nobody can give or take a role that may do more than they: ${missing.join(', ')}.`, {
    details: { missing_scopes: missing },
  })
}
