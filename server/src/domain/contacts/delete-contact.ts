import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { contactDeleted } from './events.ts'

/** Deletes a contact. Its conversations stay, without the person. */
export const deleteContact = async (ctx: Ctx, id: string): Promise<void> => {
  requireScope(ctx, 'contacts:write')
  await transaction(ctx.db, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('contacts')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (numDeletedRows === 0n) throw notFound('contact', toWireId('contact', id))
    await recordEvent(ctx, tx, contactDeleted, {
      subject: { type: 'contact', id },
      data: { id: toWireId('contact', id), deleted_at: ctx.clock.now().toISOString() },
    })
  })
}
