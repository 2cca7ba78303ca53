import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import type { WidgetKeyRow } from './present.ts'

export type WidgetKeyPath = { agentId: string; keyId: string }

const selectKey = (db: Db, { workspaceId }: Ctx, { agentId, keyId }: WidgetKeyPath) =>
  db
    .selectFrom('widget_keys')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', keyId)
    .where('agent_id', '=', agentId)

const found = (row: WidgetKeyRow | undefined, { keyId }: WidgetKeyPath): WidgetKeyRow => {
  if (!row) throw notFound('widget key', toWireId('widgetKey', keyId))
  return row
}

export const findWidgetKeyRow = async (ctx: Ctx, path: WidgetKeyPath): Promise<WidgetKeyRow> =>
  found(await selectKey(ctx.db, ctx, path).executeTakeFirst(), path)

/** Reads a key and keeps others from changing it until the transaction ends. */
export const lockWidgetKeyRow = async (ctx: Ctx, tx: Db, path: WidgetKeyPath): Promise<WidgetKeyRow> =>
  found(await selectKey(tx, ctx, path).forUpdate().executeTakeFirst(), path)
