import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { acrossWorkspaces } from '../../database/across-workspaces.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { createAgent } from '../agents/index.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { createClientWorkspaces, type NewClient } from '../workspaces/index.ts'
import type { CreateAccount } from './contract.ts'
import { accountCreated } from './events.ts'
import { explainTaken } from './explain-taken.ts'
import { presentAccount } from './present.ts'
import { type AccountRow, selectAccounts } from './queries.ts'
import { requirePlanWithin } from './require-plan-within.ts'

// Beyond what any agency has; it keeps one key from filling the table.
const mostClients = 10_000

// The row stays locked to the end, so that two requests cannot both take the last place.
const lockAgency = async (ctx: Ctx, tx: Db): Promise<{ planId: string }> => {
  const own = await tx
    .selectFrom('workspaces')
    .select(['parent_id', 'plan_id'])
    .where('id', '=', ctx.workspaceId)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()
  if (own.parent_id !== null)
    throw new AppError('FORBIDDEN', 'This account belongs to an agency, so it can have no accounts of its own.')
  const { count } = await tx
    .selectFrom('workspaces')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('parent_id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  if (count >= mostClients)
    throw new AppError('CONFLICT', `An agency can have ${mostClients} accounts, and this one has them.`)
  return { planId: own.plan_id }
}

// What a workspace needs to be of use, and a first line in its audit log that says whose it is.
const furnish = async (ctx: Ctx, tx: Db, workspace: { id: string; mode: Ctx['mode'] }): Promise<void> => {
  const inside: Ctx = { ...ctx, db: tx, workspaceId: workspace.id, mode: workspace.mode }
  await recordAudit(inside, tx, {
    action: 'account.created',
    target: { type: 'account', id: toWireId('workspace', workspace.id) },
    detail: { parent_id: toWireId('workspace', ctx.workspaceId) },
  })
  await createAgent({ ...inside, actor: { type: 'system', name: 'accounts' } }, { name: 'Assistant' })
}

const makeClient = async (ctx: Ctx, tx: Db, client: NewClient): Promise<string> => {
  const workspaces = await createClientWorkspaces(tx, client).catch(explainTaken)
  for (const workspace of workspaces) await furnish(ctx, tx, workspace)
  return workspaces[0].id
}

/**
 * Makes the workspace of a client, with its sandbox where the agency itself is live, and an agent in each. Only a workspace
 * without a parent is an agency. The event is the agency's; the audit logs of both tell of it.
 */
export const createAccount = async (ctx: Ctx, input: z.output<typeof CreateAccount>): Promise<AccountRow> => {
  requireScope(ctx, 'accounts:write')
  return transaction(ctx.db, async (tx) => {
    const agency = await lockAgency(ctx, tx)
    const planId = input.plan ?? agency.planId
    await requirePlanWithin(tx, agency.planId, planId)
    const id = await acrossWorkspaces(tx, () =>
      makeClient(ctx, tx, {
        agencyId: ctx.workspaceId,
        mode: ctx.mode,
        name: input.name,
        planId,
        reference: input.reference ?? null,
        metadata: JSON.stringify(input.metadata ?? {}),
        now: ctx.clock.now(),
      }),
    )
    const row = await selectAccounts(tx, ctx.workspaceId).where('workspaces.id', '=', id).executeTakeFirstOrThrow()
    await recordEvent(ctx, tx, accountCreated, { subject: { type: 'account', id }, data: presentAccount(ctx, row) })
    await recordAudit(ctx, tx, {
      action: 'account.created',
      target: { type: 'account', id: toWireId('workspace', id) },
      detail: { plan: planId },
    })
    return row
  })
}
