import { type Ctx, requireScope } from '../context.ts'
import { type PlanRow, selectPlans } from './queries.ts'

/** The plans that are offered to everybody, and the caller's own; the tightest first. */
export const listPlans = async (ctx: Ctx): Promise<PlanRow[]> => {
  requireScope(ctx, 'accounts:read')
  return selectPlans(ctx.db)
    .where(({ or, eb, selectFrom }) =>
      or([
        eb('plans.listed', '=', true),
        eb('plans.id', 'in', selectFrom('workspaces').select('plan_id').where('workspaces.id', '=', ctx.workspaceId)),
      ]),
    )
    .execute()
}
