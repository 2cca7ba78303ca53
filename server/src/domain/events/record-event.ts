import type { z } from 'zod'
import { newId, timeOfId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { beforeCommit } from '../../database/transaction.ts'
import type { Ctx } from '../context.ts'
import { envelopeText } from './envelope.ts'
import type { EventType } from './event-type.ts'

const insertText = `insert into event_outbox (workspace_id, id, created_at, type, names, subject_type, subject_id, head, tail)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

type Recorded<Data extends z.ZodType> = {
  data: z.input<Data>
  subject: { type: string; id: string | null }
}

/**
 * Writes the event, as the exact text its receivers will get, with the commit of the change it tells of.
 * Only its sequence number is still open: the sequencer fills that in after commit, so that numbers have no gaps.
 */
export const recordEvent = async <Data extends z.ZodType>(
  ctx: Pick<Ctx, 'workspaceId'>,
  tx: Db,
  event: EventType<Data>,
  { data, subject }: Recorded<Data>,
): Promise<string> => {
  const id = newId()
  const { head, tail } = envelopeText({ id, workspaceId: ctx.workspaceId, type: event.type, data })
  const parameters = [ctx.workspaceId, id, timeOfId(id), event.type, event.names, subject.type, subject.id, head, tail]
  await beforeCommit(tx, { sql: insertText, parameters })
  return id
}
