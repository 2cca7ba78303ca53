import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Passage, Turn } from '../../models/model.ts'
import type { Ctx } from '../context.ts'
import type { Citation } from '../conversations/index.ts'
import { retrieve } from '../knowledge/index.ts'
import type { Evidence, GroundedText } from './evidence.ts'

/** A passage as the model sees it, and what is needed to turn a citation of it into one of a stored document. */
export type FoundPassage = Passage & {
  evidence: Evidence
  citation: Omit<z.infer<typeof Citation>, 'index' | 'quote' | 'start' | 'end' | 'at'>
}

const passageLimit = 6
const earlierQuestions = 2

// "How long does that take?" finds nothing by itself: what the customer asked before is part of the question.
const searchTextOf = (question: string, history: readonly Turn[]): { question: string; withHistory: string } => {
  const earlier = history.filter(({ role }) => role === 'customer').slice(-earlierQuestions)
  return { question, withHistory: [...earlier.map(({ text }) => text), question].join('\n') }
}

type Search = { question: string; history: readonly Turn[]; sourceIds: string[] | null }

/** The passages of the workspace's public knowledge that fit the question best; best first. */
export const readPassages = async (ctx: Ctx, { question, history, sourceIds }: Search): Promise<FoundPassage[]> => {
  const { withHistory } = searchTextOf(question, history)
  const find = (text: string) =>
    retrieve(ctx.db, ctx.workspaceId, { text, limit: passageLimit, sourceIds, audience: 'public' })
  const direct = await find(question)
  const found =
    withHistory === question
      ? direct
      : [
          ...direct,
          ...(await find(withHistory)).filter((hit) => !direct.some(({ chunkId }) => chunkId === hit.chunkId)),
        ]
  return found.slice(0, passageLimit).map((hit, i) => {
    const title = [...new Set([hit.documentTitle, ...hit.titlePath].filter((part) => part !== null))].join(' › ')
    return {
      index: i + 1,
      sourceName: hit.sourceName,
      title,
      text: hit.text,
      score: hit.score,
      evidence: { text: hit.text, start: hit.start },
      citation: {
        source_id: toWireId('knowledgeSource', hit.sourceId),
        source_name: hit.sourceName,
        document_id: toWireId('knowledgeDocument', hit.documentId),
        title: title || hit.sourceName,
        url: hit.documentUrl ?? hit.sourceUrl,
      },
    }
  })
}

/** The spans that support a stretch of the answer, as citations of stored documents, numbered on from `from`. */
export const citationsOf = (
  grounded: GroundedText,
  passages: readonly FoundPassage[],
  { from, at }: { from: number; at: number },
): z.infer<typeof Citation>[] =>
  grounded.spans.map(({ passage, start, end }, i) => {
    const { evidence, citation } = passages[passage - 1]!
    return {
      index: from + i,
      ...citation,
      quote: evidence.text.slice(start, end),
      start: evidence.start + start,
      end: evidence.start + end,
      at,
    }
  })
