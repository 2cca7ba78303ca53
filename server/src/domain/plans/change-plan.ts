import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import type { Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { planChanged } from './events.ts'
import { presentPlan } from './present.ts'
import { type PlanRow, selectPlans } from './queries.ts'

type Held = { id: string; plan_id: string }

const planNamed = (plans: PlanRow[], planId: string): PlanRow => {
  const plan = plans.find(({ id }) => id === planId)
  if (plan) return plan
  const known = plans.map(({ id }) => id).join(', ')
  throw new AppError('UNPROCESSABLE', `There is no plan '${planId.slice(0, 80)}'. The plans are ${known}.`, {
    param: 'plan_id',
  })
}

// Both sides of a workspace, locked in one order.
const lockPair = async (tx: Db, workspaceId: string): Promise<Held[]> => {
  const { sandbox_of } = (await tx
    .selectFrom('workspaces')
    .select('sandbox_of')
    .where('id', '=', workspaceId)
    .executeTakeFirst()) ?? { sandbox_of: null }
  const liveId = sandbox_of ?? workspaceId
  const pair = await tx
    .selectFrom('workspaces')
    .select(['id', 'plan_id'])
    .where(({ or, eb }) => or([eb('id', '=', liveId), eb('sandbox_of', '=', liveId)]))
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  if (pair.length === 0)
    throw new AppError('NOT_FOUND', `No workspace has the id '${toWireId('workspace', workspaceId)}'.`)
  return pair
}

/**
 * Puts a workspace and its sandbox on a plan; `workspaceId` may name either. Each side that was on another one gets its
 * event and its audit entry; where none was, nothing happens. What is there beyond the new limits stays.
 * Joins the transaction that `system` is, or opens its own: then the caller must not be inside one of its workspace.
 * Throws UNPROCESSABLE for a plan that does not exist, NOT_FOUND for a workspace that does not.
 */
// scope: whoever calls has decided who may: the operator may for every workspace.
export const changePlan = async (
  ctx: Omit<Ctx, 'db' | 'workspaceId'>,
  { workspaceId, planId }: { workspaceId: string; planId: string },
  { system }: { system: Db },
): Promise<{ plan: PlanRow; changed: boolean }> =>
  transaction(system, async (tx) => {
    const plans = await selectPlans(tx).execute()
    const plan = planNamed(plans, planId)
    const changed = (await lockPair(tx, workspaceId)).filter((held) => held.plan_id !== plan.id)
    for (const { id, plan_id } of changed) {
      const inside: Ctx = { ...ctx, db: tx, workspaceId: id }
      const previous = planNamed(plans, plan_id)
      await tx
        .updateTable('workspaces')
        .set({ plan_id: plan.id, updated_at: ctx.clock.now() })
        .where('id', '=', id)
        .execute()
      await recordEvent(inside, tx, planChanged, {
        subject: { type: 'workspace', id },
        data: { previous_plan: { id: previous.id, label: previous.label }, plan: presentPlan(plan) },
      })
      await recordAudit(inside, tx, {
        action: 'workspace.plan_changed',
        target: { type: 'workspace', id: toWireId('workspace', id) },
        detail: { previous_plan: previous.id, plan: plan.id },
      })
    }
    return { plan, changed: changed.length > 0 }
  })
