import type { DeclineReason, Model, ModelPart, ModelRequest } from '../model.ts'
import { readingOf } from '../reading-of.ts'
import { asksForPerson } from './asks-for-person.ts'
import { chooseAnswer } from './choose-answer.ts'
import { confidence } from './confidence.ts'

/** Below this probability of being right the model says nothing. */
const declineBelow = 0.3

const usage = { promptTokens: 0, completionTokens: 0 }

/**
 * Quotes the sentences of the passages that answer best, word for word, with their exact span and a calibrated
 * probability of being right. The row of a table is read out with its header. Without a network, a key or chance: the same request always gets the same answer.
 */
export function createExtractiveModel(): Model {
  return {
    mode: 'extractive',
    name: 'extractive',
    async *answer(request) {
      if (!request.signal.aborted) yield* quote(request)
    },
  }
}

function quote(request: ModelRequest): ModelPart[] {
  if (asksForPerson(request.question)) return decline('asked_for_person', 0)
  const { best, absent } = chooseAnswer(request.question, request.passages)
  if (best === null) return decline('not_covered', 0)
  const probability = confidence(best.features)
  if (probability < declineBelow) return decline(absent > 0.5 ? 'not_covered' : 'low_confidence', probability)
  const { passage, start, end } = best
  return [
    { type: 'text-delta', text: readingOf(passage.text, start, end) },
    { type: 'citation', passage: passage.index, start, end },
    { type: 'finish', confidence: probability, usage },
  ]
}

function decline(reason: DeclineReason, probability: number): ModelPart[] {
  return [
    { type: 'decline', reason },
    { type: 'finish', confidence: probability, usage },
  ]
}
