import type { z } from 'zod'
import { transaction } from '../../database/transaction.ts'
import { getAgentOrDefault } from '../agents/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { CreateConversation } from './contract.ts'
import { openConversation } from './open-conversation.ts'
import type { ConversationRow } from './present.ts'

/** Opens an empty conversation; messages follow. */
// no event: openConversation records it.
export const createConversation = async (
  ctx: Ctx,
  input: z.output<typeof CreateConversation>,
): Promise<ConversationRow> => {
  requireScope(ctx, 'conversations:write')
  return transaction(ctx.db, async (tx) => {
    const agent = await getAgentOrDefault({ ...ctx, db: tx }, input.agent_id ?? null)
    return openConversation(ctx, tx, {
      agentId: agent.id,
      contactId: input.contact_id ?? null,
      channel: input.channel ?? 'api',
      subject: input.subject ?? null,
      priority: input.priority,
      metadata: input.metadata,
    })
  })
}
