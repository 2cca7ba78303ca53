import { timeOfId } from '../../../base/ids.ts'
import type { Db } from '../../../database/open.ts'
import { readCandidates, type Span } from './candidates.ts'

const step = 5_000
const exactUpTo = 100_000
// Somebody waits for the answer.
const lookForMs = 3_000

/** How many events of the span would be sent: exact up to 100,000 found in three seconds, extrapolated by time from there. */
export const estimateBackfill = async (db: Db, span: Span): Promise<number> => {
  const deadline = performance.now() + lookForMs
  let found = 0
  let { cursor } = span
  let begin: number | undefined
  do {
    const page = await readCandidates(db, { ...span, cursor }, step)
    found += page.candidates.length
    cursor = page.cursor
    if (page.ended || cursor === null) return found
    // The log may begin long after the span does.
    begin ??= (page.first ?? span.from).getTime()
  } while (found < exactUpTo && performance.now() < deadline)
  const share = (timeOfId(cursor).getTime() - begin) / (span.to.getTime() - begin)
  return Math.round(found / Math.max(share, 0.000_001))
}
