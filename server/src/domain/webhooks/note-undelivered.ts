import { sql } from 'kysely'
import { timeOfId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'

/** An event on its way to a webhook. Ids are UUIDs. */
export type Way = { workspaceId: string; webhookId: string; eventId: string }

type Ways = { failed: readonly Way[]; arrived: readonly Way[] }

const columnsOf = (ways: readonly Way[]) => sql`unnest(
  ${ways.map(({ workspaceId }) => workspaceId)}::uuid[], ${ways.map(({ webhookId }) => webhookId)}::uuid[],
  ${ways.map(({ eventId }) => eventId)}::uuid[], ${ways.map(({ eventId }) => timeOfId(eventId))}::timestamptz[]
) as w (workspace_id, webhook_id, event_id, event_at)`

/** Keeps account of the events that failed to reach a webhook, until they do. */
export const noteUndelivered = async (tx: Db, { failed, arrived }: Ways): Promise<void> => {
  if (failed.length > 0)
    await sql`
      insert into undelivered_events (workspace_id, webhook_id, event_id, event_at, sequence, type, subject_id)
      select w.workspace_id, w.webhook_id, e.id, e.created_at, e.sequence, e.type, e.subject_id
      from ${columnsOf(failed)}
      join webhooks h on h.workspace_id = w.workspace_id and h.id = w.webhook_id
      join lateral (
        select * from events e where e.workspace_id = w.workspace_id and e.created_at = w.event_at and e.id = w.event_id limit 1
      ) e on true
      order by 1, 2, 3 on conflict do nothing`.execute(tx)
  if (arrived.length > 0)
    await sql`
      delete from undelivered_events u using ${columnsOf(arrived)}
      where u.workspace_id = w.workspace_id and u.webhook_id = w.webhook_id and u.event_id = w.event_id`.execute(tx)
}
