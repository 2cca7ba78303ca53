import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'

/** Keeps others from changing the agent until the transaction ends. */
export const lockAgent = async (ctx: Ctx, tx: Db, id: string): Promise<void> => {
  const row = await tx
    .selectFrom('agents')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw notFound('agent', toWireId('agent', id))
}
