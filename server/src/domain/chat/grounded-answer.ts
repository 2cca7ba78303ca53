import type { DeclineReason, ModelPart, TokenUsage } from '../../models/model.ts'
import type { Evidence, GroundedText } from './evidence.ts'
import { supportOf } from './support.ts'

/** What came of a model's stream. `declined` is set when nothing may be sent. */
export type GroundingEnd = { declined: DeclineReason | null; confidence: number | null; usage: TokenUsage }

type Cited = { passage: number; start: number | null; end: number | null; at: number }

// A sentence ends at its mark before white space, or at a line's end.
const sentenceEnd = /[.!?…。！？]["'”’»)\]]*(?=\s)|\n/g

const firstCut = (text: string): number | undefined => {
  for (const match of text.matchAll(sentenceEnd)) {
    const at = match.index + match[0].length
    if (text.slice(0, at).trim() !== '' && text.slice(at).trim() !== '') return at
  }
  return undefined
}

/**
 * Lets through only what the passages support: text is held back to the end of its sentence, and a sentence goes out when
 * every passage it cites is real, one of them supports it, and each number, date, address and link in it stands there.
 * Yields supported text in order and returns how the stream ended. With `whole` the answer is one quotation, judged at its end.
 */
export async function* groundAnswer(
  parts: AsyncIterable<ModelPart>,
  passages: readonly Evidence[],
  { whole }: { whole: boolean },
): AsyncGenerator<GroundedText, GroundingEnd> {
  let held = ''
  let cited: Cited[] = []
  const support: number[] = []
  let dropped = 0
  let declined: DeclineReason | null = null
  let end: Omit<GroundingEnd, 'declined'> = { confidence: null, usage: { promptTokens: 0, completionTokens: 0 } }

  const check = (text: string, citations: Cited[]): GroundedText | undefined => {
    const found = supportOf(text, citations, passages)
    if (found) support.push(found.support)
    else if (text.trim() !== '') dropped++
    return found && { text, ...found }
  }

  // A marker may stand before or after the mark that ends its sentence, so all that precede the next word count.
  const takeSentence = (): { text: string; citations: Cited[] } | undefined => {
    const cut = firstCut(held)
    if (cut === undefined) return undefined
    const next = cut + (held.slice(cut).match(/^\s*/)?.[0].length ?? 0)
    const citations = cited.filter(({ at }) => at <= next)
    cited = cited.filter(({ at }) => at > next).map((citation) => ({ ...citation, at: citation.at - next }))
    const text = held.slice(0, next)
    held = held.slice(next)
    return { text, citations }
  }

  for await (const part of parts) {
    if (part.type === 'text-delta') held += part.text
    else if (part.type === 'citation')
      cited.push({ passage: part.passage, start: part.start, end: part.end, at: held.length })
    else if (part.type === 'decline') declined = part.reason
    else end = { confidence: part.confidence, usage: part.usage }
    if (part.type !== 'text-delta' || whole) continue
    for (let sentence = takeSentence(); sentence; sentence = takeSentence()) {
      const grounded = check(sentence.text, sentence.citations)
      if (grounded) yield grounded
    }
  }
  if (held !== '') {
    const grounded = check(held, cited)
    if (grounded) yield grounded
  }
  const sent = support.length > 0
  // A model may change its mind after it has spoken: then what was said stands, and a person is asked all the same.
  if (!sent && declined === null) declined = dropped > 0 ? 'unsupported' : 'not_covered'
  // A model that cannot judge itself is judged by its sentences: how many stood, and how well.
  const judged = sent ? support.reduce((sum, score) => sum + score, 0) / (support.length + dropped) : 0
  return { ...end, confidence: end.confidence ?? judged, declined }
}
