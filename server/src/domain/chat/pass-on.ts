import { transaction } from '../../database/transaction.ts'
import type { Model } from '../../models/model.ts'
import type { Ctx } from '../context.ts'
import type { Turn } from './open-turn.ts'
import type { Part } from './parts-of-message.ts'
import { emptyEnd, replyOf, startPart } from './reply.ts'
import type { Remember } from './store-answer.ts'

/** While a person is answering, the agent keeps quiet: the question is passed on and the caller is told so. */
// scope: the verb that calls has checked its own.
// no event: the question recorded its own when it was stored.
export async function* passOn(ctx: Ctx, turn: Turn, model: Model, remember: Remember): AsyncGenerator<Part> {
  const { id, content, created_at } = turn.question
  const handoff = { state: 'active', reason: turn.conversation.handoff_reason ?? 'asked_for_person' } as const
  const reply = replyOf(
    turn,
    model,
    { id, role: 'user', at: created_at, handoff },
    { content, citations: [], status: 'complete', end: emptyEnd },
  )
  await transaction(ctx.db, (tx) => remember(tx, reply))
  yield startPart(turn, model, id, 'user')
  yield { type: 'handoff', handoff }
  yield { type: 'message-end', message: reply }
}
