import { redact } from '../../base/redact.ts'
import type { ModelRequest } from '../../models/model.ts'
import type { Ctx } from '../context.ts'
import { historyOf } from '../conversations/index.ts'
import type { ChatInput, Turn } from './open-turn.ts'
import { type FoundPassage, readPassages } from './read-passages.ts'

const historyLimit = 20
// Numbers that identify people, and keys, help no model to answer; the text itself is stored as it was said.
const hiddenFromModels = ['secret', 'card', 'iban', 'ssn'] as const

const forModel = (text: string): string => redact(text, hiddenFromModels).text

/** What the model is given for a turn: redacted words, the history since the last resolve, and the passages it may cite. */
export const prepareRequest = async (
  ctx: Ctx,
  turn: Turn,
  input: ChatInput,
  signal: AbortSignal,
): Promise<{ request: ModelRequest; passages: FoundPassage[] }> => {
  const { instructions, knowledge_source_ids } = turn.agent.configuration
  const earlier = await historyOf(ctx.db, ctx.workspaceId, turn.conversation.id, { limit: historyLimit })
  const history = earlier
    .filter(({ id }) => id < turn.question.id)
    .map(({ role, content }) => ({
      role: role === 'user' ? ('customer' as const) : ('agent' as const),
      text: forModel(content),
    }))
  const question = forModel(turn.question.content)
  const passages = await readPassages(ctx, { question, history, sourceIds: knowledge_source_ids })
  const context = input.context ? forModel(JSON.stringify(input.context)) : null
  return { request: { instructions, history, question, context, passages, signal }, passages }
}
