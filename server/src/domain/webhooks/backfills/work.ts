import type { LaneId } from '../../../work/work-kind.ts'

export const backfillKind = 'backfill'

/** Backfills of one webhook go one after the other. */
export const backfillLane = (workspaceId: string, webhookId: string): LaneId => ({
  workspaceId,
  kind: backfillKind,
  key: webhookId,
})
