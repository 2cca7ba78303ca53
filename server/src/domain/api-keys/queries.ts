import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import type { ApiKeyRow } from './present.ts'

const selectKey = (db: Db, workspaceId: string, id: string) =>
  db.selectFrom('api_keys').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id)

const found = (row: ApiKeyRow | undefined, id: string): ApiKeyRow => {
  if (!row) throw notFound('API key', toWireId('apiKey', id))
  return row
}

export const findKeyRow = async (ctx: Ctx, id: string): Promise<ApiKeyRow> =>
  found(await selectKey(ctx.db, ctx.workspaceId, id).executeTakeFirst(), id)

/** Reads a key and keeps others from changing it until the transaction ends. */
export const lockKeyRow = async (ctx: Ctx, tx: Db, id: string): Promise<ApiKeyRow> =>
  found(await selectKey(tx, ctx.workspaceId, id).forUpdate().executeTakeFirst(), id)
