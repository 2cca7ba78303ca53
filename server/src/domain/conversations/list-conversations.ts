import { getAgentOrDefault } from '../agents/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { newestFirst } from '../newest-first.ts'
import type { Page, PageInput } from '../wire.ts'
import type { ConversationRow } from './present.ts'
import { requireContact } from './queries.ts'

export type ConversationFilter = {
  status?: ConversationRow['status'] | undefined
  contact_id?: string | undefined
  agent_id?: string | undefined
  channel?: string | undefined
  handoff_state?: 'requested' | 'active' | undefined
  priority?: ConversationRow['priority'] | undefined
}

const filterColumns = ['status', 'contact_id', 'agent_id', 'channel', 'handoff_state', 'priority'] as const

// Only where nothing was found: whoever is in a conversation exists.
const requireKnown = async (ctx: Ctx, filter: ConversationFilter): Promise<void> => {
  if (filter.contact_id !== undefined) await requireContact(ctx, ctx.db, filter.contact_id)
  if (filter.agent_id !== undefined) await getAgentOrDefault(ctx, filter.agent_id)
}

/** Conversations, newest first. Throws NOT_FOUND for a contact or agent that the workspace does not have. */
export const listConversations = async (
  ctx: Ctx,
  filter: ConversationFilter,
  page: PageInput,
): Promise<Page<ConversationRow>> => {
  requireScope(ctx, 'conversations:read')
  let query = ctx.db.selectFrom('conversations').selectAll().where('workspace_id', '=', ctx.workspaceId)
  if (ctx.actor.type === 'visitor') query = query.where('id', '=', ctx.actor.conversationId)
  for (const column of filterColumns) {
    const wanted = filter[column]
    if (wanted !== undefined) query = query.where(column, '=', wanted)
  }
  const found = await newestFirst(query, page)
  if (found.rows.length === 0) await requireKnown(ctx, filter)
  return found
}
