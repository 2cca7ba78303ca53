import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { acrossWorkspaces } from '../../database/across-workspaces.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type auditActions, recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { changePlan } from '../plans/index.ts'
import { renameWorkspace, setWorkspaceStatus } from '../workspaces/index.ts'
import type { UpdateAccount } from './contract.ts'
import { accountResumed, accountSuspended, accountUpdated } from './events.ts'
import { explainTaken } from './explain-taken.ts'
import { presentAccount } from './present.ts'
import { type AccountRow, accountNotFound, selectAccounts } from './queries.ts'
import { requirePlanWithin } from './require-plan-within.ts'

type Changes = z.output<typeof UpdateAccount>
type Field = keyof Changes

const fields = ['name', 'plan', 'status', 'reference', 'metadata'] as const
const ofClients: readonly Field[] = ['plan', 'status', 'reference', 'metadata']

const isChanged = (old: AccountRow, { metadata, plan, ...rest }: Changes, field: Field): boolean => {
  if (field === 'metadata') return metadata !== undefined && JSON.stringify(metadata) !== old.metadata
  if (field === 'plan') return plan !== undefined && plan !== old.plan_id
  return rest[field] !== undefined && rest[field] !== old[field]
}

const refuseUnlessTheirs = (ctx: Ctx, old: AccountRow, input: Changes): void => {
  if (old.id === ctx.workspaceId && old.parent_id !== null)
    throw new AppError('FORBIDDEN', 'This account belongs to an agency, and only the agency can change it.')
  if (old.id !== ctx.workspaceId && old.sandbox_of !== null)
    throw new AppError(
      'CONFLICT',
      'This is the sandbox of a live account and follows it: change that, with a live key.',
    )
  const wrong = old.id === ctx.workspaceId ? ofClients.find((field) => input[field] !== undefined) : undefined
  if (wrong)
    throw new AppError('UNPROCESSABLE', `Only the account of a client has a '${wrong}' to set.`, { param: wrong })
}

const lockAccount = async (ctx: Ctx, tx: Db, id: string): Promise<AccountRow> => {
  const row = await selectAccounts(tx, ctx.workspaceId)
    .where('workspaces.id', '=', id)
    .forNoKeyUpdate('workspaces')
    .executeTakeFirst()
  if (!row) throw accountNotFound(id)
  return row
}

const ownPlanOf = async (ctx: Ctx, tx: Db): Promise<string> =>
  (await tx.selectFrom('workspaces').select('plan_id').where('id', '=', ctx.workspaceId).executeTakeFirstOrThrow())
    .plan_id

const noteInClient = async (ctx: Ctx, tx: Db, id: string, action: (typeof auditActions)[number], changed: Field[]) => {
  if (id !== ctx.workspaceId)
    await recordAudit({ ...ctx, workspaceId: id }, tx, {
      action,
      target: { type: 'account', id: toWireId('workspace', id) },
      // That it was renamed the client may know, not what its agency notes about it.
      detail: { changed: changed.filter((field) => field !== 'reference' && field !== 'metadata') },
    })
}

const writeChanges = async (ctx: Ctx, tx: Db, old: AccountRow, input: Changes, changed: Field[]): Promise<void> => {
  const now = ctx.clock.now()
  const { id } = old
  if (changed.includes('plan')) {
    await requirePlanWithin(tx, await ownPlanOf(ctx, tx), input.plan!)
    await changePlan(ctx, { workspaceId: id, planId: input.plan! }, { system: tx })
  }
  if (changed.includes('name')) await renameWorkspace(tx, { id, name: input.name!, now })
  if (changed.includes('status')) await setWorkspaceStatus(tx, { id, status: input.status!, now })
  await tx
    .updateTable('workspaces')
    .set({
      reference: input.reference === undefined ? old.reference : input.reference,
      metadata: input.metadata === undefined ? old.metadata : JSON.stringify(input.metadata),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
    .catch(explainTaken)
}

const actionsOf = (changed: Field[], row: AccountRow) => [
  ...(changed.some((field) => field !== 'status')
    ? [{ action: 'account.updated' as const, event: accountUpdated }]
    : []),
  ...(!changed.includes('status')
    ? []
    : row.status === 'suspended'
      ? [{ action: 'account.suspended' as const, event: accountSuspended }]
      : [{ action: 'account.resumed' as const, event: accountResumed }]),
]

/**
 * Changes the named fields of a client's account, or the name of one's own. A client's sandbox follows its name, plan and
 * status. A client cannot change its account itself. Where nothing changes, nothing happens.
 */
export const updateAccount = async (ctx: Ctx, id: string, input: Changes): Promise<AccountRow> => {
  requireScope(ctx, 'accounts:write')
  return transaction(ctx.db, async (tx) => {
    const { row, changed } = await acrossWorkspaces(tx, async () => {
      const old = await lockAccount(ctx, tx, id)
      refuseUnlessTheirs(ctx, old, input)
      const changed = fields.filter((field) => isChanged(old, input, field))
      if (changed.length === 0) return { row: old, changed }
      await writeChanges(ctx, tx, old, input, changed)
      const row = await lockAccount(ctx, tx, id)
      for (const { action } of actionsOf(changed, row)) await noteInClient(ctx, tx, id, action, changed)
      return { row, changed }
    })
    for (const { action, event } of actionsOf(changed, row)) {
      await recordEvent(ctx, tx, event, { subject: { type: 'account', id }, data: presentAccount(ctx, row) })
      await recordAudit(ctx, tx, {
        action,
        target: { type: 'account', id: toWireId('workspace', id) },
        detail: { changed },
      })
    }
    return row
  })
}
