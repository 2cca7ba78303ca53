import { sql } from 'kysely'
import type { SequencedRange } from './sequence-events.ts'

/** What a batch gave numbers to, to read from: `r (workspace_id, first, last, first_at, last_at)`. */
export const rangesTable = (ranges: readonly SequencedRange[]) => sql`
  unnest(${ranges.map((range) => range.workspaceId)}::uuid[], ${ranges.map((range) => range.from)}::bigint[],
        ${ranges.map((range) => range.to)}::bigint[], ${ranges.map((range) => range.firstAt)}::timestamptz[],
        ${ranges.map((range) => range.lastAt)}::timestamptz[]) as r (workspace_id, first, last, first_at, last_at)`
