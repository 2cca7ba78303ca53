import { z } from 'zod'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import type { SourceRow } from './present.ts'

export const ingestKind = 'ingestion'

/** What an item of this work carries. `failures` counts the fetches that failed and were put off. */
export const IngestPayload = z.object({ source_id: z.uuid(), failures: z.number().int() })

/** Has the source read by the workers, one lane a workspace. The item's id is the source's `ingest_id`. */
export const enqueueIngest = (tx: Db, source: SourceRow, dueAt: Date): Promise<void> =>
  enqueue(tx, [
    {
      workspaceId: source.workspace_id,
      kind: ingestKind,
      key: source.workspace_id,
      id: source.ingest_id,
      dueAt,
      payload: JSON.stringify({ source_id: source.id, failures: 0 } satisfies z.input<typeof IngestPayload>),
    },
  ])
