import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import type { DeclineReason, Model } from '../../models/model.ts'
import type { Ctx } from '../context.ts'
import { insertMessage, lockConversation, requestHandoff } from '../conversations/index.ts'
import type { Turn } from './open-turn.ts'
import type { Reply } from './parts-of-message.ts'
import { type Draft, replyOf } from './reply.ts'

/** Stores the reply under the caller's idempotency key, if there is one. */
export type Remember = (db: Db, reply: Reply) => Promise<void>

/** Stores what the agent said, its hand-off and the reply under its key, in one transaction. */
// scope: the verb that calls has checked its own.
// no event: insertMessage and requestHandoff record theirs.
export const storeAnswer = async (
  ctx: Ctx,
  turn: Turn,
  model: Model,
  { draft, reason, remember }: { draft: Draft; reason: DeclineReason | null; remember: Remember },
): Promise<Reply> =>
  transaction(ctx.db, async (tx) => {
    const handoff = reason === null ? null : ({ state: 'requested', reason } as const)
    const locked = await lockConversation(ctx, tx, turn.conversation.id)
    const { message, conversation } = await insertMessage(ctx, tx, locked, {
      role: 'assistant',
      id: draft.messageId,
      content: draft.content,
      status: draft.status,
      inReplyTo: turn.question.id,
      agentId: turn.agent.id,
      agentVersionId: turn.agent.current_version_id,
      mode: model.mode,
      model: model.name,
      confidence: draft.end.confidence,
      citations: draft.citations,
      handoff,
      usage: draft.end.usage,
    })
    if (reason !== null) await requestHandoff(ctx, tx, conversation, reason)
    const reply = replyOf(turn, model, { id: message.id, role: 'assistant', at: message.created_at, handoff }, draft)
    if (draft.status === 'complete') await remember(tx, reply)
    return reply
  })
