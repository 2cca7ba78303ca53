import type { z } from 'zod'
import { transaction } from '../../database/transaction.ts'
import { getAgentForTurn } from '../agents/index.ts'
import type { Ctx } from '../context.ts'
import { type ConversationRow, openConversation } from '../conversations/index.ts'
import type { StartVisit } from './contract.ts'
import { requireWidgetKey } from './require-widget-key.ts'
import { visitEnd } from './visit-lifetime.ts'
import type { WidgetFormat } from './widget-format.ts'

type Started = { conversation: ConversationRow; secret: string; expiresAt: Date }

/** Opens a conversation for one visitor; the answer is the only place where its secret can be read. CONFLICT while the agent is paused. */
// scope: the widget key itself is the right to do this.
// no event: openConversation records it.
export const startVisit = async (
  ctx: Ctx,
  { metadata }: z.output<typeof StartVisit>,
  { widgetFormat }: { widgetFormat: WidgetFormat },
): Promise<Started> => {
  const { id, agentId } = requireWidgetKey(ctx)
  return transaction(ctx.db, async (tx) => {
    const agent = await getAgentForTurn({ ...ctx, db: tx }, agentId)
    const conversation = await openConversation(ctx, tx, {
      agentId: agent.id,
      contactId: null,
      channel: 'widget',
      metadata: metadata && { visitor: metadata },
    })
    const now = ctx.clock.now()
    const secret = widgetFormat.createSecret()
    const expiresAt = visitEnd(now)
    await tx
      .insertInto('conversation_secrets')
      .values({
        workspace_id: ctx.workspaceId,
        conversation_id: conversation.id,
        hash: widgetFormat.hashSecret(secret),
        pepper_version: widgetFormat.pepperVersion,
        widget_key_id: id,
        created_at: now,
        expires_at: expiresAt,
      })
      .execute()
    return { conversation, secret, expiresAt }
  })
}
