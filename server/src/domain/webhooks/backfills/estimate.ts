import { timeOfId } from '../../../base/ids.ts'
import type { Db } from '../../../database/open.ts'
import { readCandidates, type Span } from './candidates.ts'

const step = 5_000
const exactUpTo = 100_000

/** How many events of the span would be sent: exact for 100,000 looked at, extrapolated by time from there. */
export const estimateBackfill = async (db: Db, span: Span): Promise<number> => {
  let found = 0
  let { cursor } = span
  for (let seen = 0; seen < exactUpTo; seen += step) {
    const page = await readCandidates(db, { ...span, cursor }, step)
    found += page.candidates.length
    cursor = page.cursor
    if (page.ended || cursor === null) return found
  }
  const share = (timeOfId(cursor!).getTime() - span.from.getTime()) / (span.to.getTime() - span.from.getTime())
  return Math.round(found / Math.max(share, 0.000_001))
}
