import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { conversationOpened } from './events.ts'
import { type ConversationRow, presentConversation } from './present.ts'
import { requireContact } from './queries.ts'

/** `agentId` is one that the caller has just read: agents are never deleted. */
export type NewConversation = {
  agentId: string
  contactId: string | null
  channel: string
  subject?: string | null
  priority?: ConversationRow['priority'] | undefined
  metadata?: Record<string, unknown> | undefined
}

/** Opens a conversation inside the caller's transaction. Throws NOT_FOUND that names `contact_id`, FORBIDDEN for a visitor. */
// scope: the verb that calls has checked its own.
export const openConversation = async (ctx: Ctx, tx: Db, input: NewConversation): Promise<ConversationRow> => {
  if (ctx.actor.type === 'visitor')
    throw new AppError('FORBIDDEN', 'A visitor writes in one conversation and opens no other.')
  if (input.contactId !== null) await requireContact(ctx, tx, input.contactId)
  const now = ctx.clock.now()
  const row: ConversationRow = {
    workspace_id: ctx.workspaceId,
    id: newId(),
    contact_id: input.contactId,
    agent_id: input.agentId,
    channel: input.channel,
    subject: input.subject ?? null,
    status: 'open',
    priority: input.priority ?? 'normal',
    handoff_state: null,
    handoff_reason: null,
    handoff_at: null,
    metadata: JSON.stringify(input.metadata ?? {}),
    last_message_at: null,
    resolved_at: null,
    context_after: null,
    created_at: now,
    updated_at: now,
  }
  await tx.insertInto('conversations').values(row).execute()
  await recordEvent(ctx, tx, conversationOpened, {
    subject: { type: 'conversation', id: row.id },
    data: presentConversation(row),
  })
  return row
}
