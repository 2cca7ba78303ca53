import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { type Ctx, reachesConversation } from '../context.ts'
import type { ConversationRow } from './present.ts'

const selectConversation = (db: Db, workspaceId: string, id: string) =>
  db.selectFrom('conversations').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id)

/** `param` names the field the id came in, when it was not the path. */
export const findConversation = async (ctx: Ctx, db: Db, id: string, param?: string): Promise<ConversationRow> => {
  const row = await selectConversation(db, ctx.workspaceId, id).executeTakeFirst()
  if (!row || !reachesConversation(ctx, id)) throw notFound('conversation', toWireId('conversation', id), param)
  return row
}

/** Reads a conversation and keeps others from changing it until the transaction ends. */
export const lockConversation = async (ctx: Ctx, tx: Db, id: string, param?: string): Promise<ConversationRow> => {
  const row = await selectConversation(tx, ctx.workspaceId, id).forUpdate().executeTakeFirst()
  if (!row || !reachesConversation(ctx, id)) throw notFound('conversation', toWireId('conversation', id), param)
  return row
}

/** Throws NOT_FOUND that names `contact_id`. The contact cannot be deleted before the transaction ends. */
export const requireContact = async (ctx: Ctx, tx: Db, id: string): Promise<void> => {
  const row = await tx
    .selectFrom('contacts')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst()
  if (!row) throw notFound('contact', toWireId('contact', id), 'contact_id')
}

export const saveConversation = async (tx: Db, row: ConversationRow): Promise<void> => {
  const { workspace_id, id, created_at, ...changes } = row
  await tx
    .updateTable('conversations')
    .set(changes)
    .where('workspace_id', '=', workspace_id)
    .where('id', '=', id)
    .execute()
}
