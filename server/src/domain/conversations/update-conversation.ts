import type { z } from 'zod'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import type { UpdateConversation } from './contract.ts'
import { conversationUpdated } from './events.ts'
import { type ConversationRow, presentConversation } from './present.ts'
import { lockConversation, requireContact, saveConversation } from './queries.ts'

type Changes = z.output<typeof UpdateConversation>

const applyChanges = (row: ConversationRow, changes: Changes, now: Date): ConversationRow => ({
  ...row,
  contact_id: changes.contact_id === undefined ? row.contact_id : changes.contact_id,
  subject: changes.subject === undefined ? row.subject : changes.subject,
  priority: changes.priority ?? row.priority,
  metadata: changes.metadata ? JSON.stringify(changes.metadata) : row.metadata,
  updated_at: now,
})

/** Changes the named fields only. */
export const updateConversation = async (ctx: Ctx, id: string, input: Changes): Promise<ConversationRow> => {
  requireScope(ctx, 'conversations:write')
  return transaction(ctx.db, async (tx) => {
    const old = await lockConversation(ctx, tx, id)
    if (input.contact_id) await requireContact(ctx, tx, input.contact_id)
    const row = applyChanges(old, input, ctx.clock.now())
    await saveConversation(tx, row)
    await recordEvent(ctx, tx, conversationUpdated, {
      subject: { type: 'conversation', id },
      data: presentConversation(row),
    })
    return row
  })
}
