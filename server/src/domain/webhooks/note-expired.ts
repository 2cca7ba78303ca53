import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

type Given = { workspaceId: string; webhookId: string; number: number }

const dayMs = 86_400_000

/** Keeps the numbers of deliveries that are given up, so that a checkpoint can name them. */
export const noteExpired = async (tx: Db, given: readonly Given[]): Promise<void> => {
  if (given.length === 0) return
  await sql`
    insert into expired_numbers (workspace_id, webhook_id, numbers)
    select g.workspace_id, g.webhook_id, range_agg(int8range(g.number, g.number, '[]'))
    from unnest(${given.map(({ workspaceId }) => workspaceId)}::uuid[], ${given.map(({ webhookId }) => webhookId)}::uuid[],
      ${given.map(({ number }) => number)}::bigint[]) as g (workspace_id, webhook_id, number)
    join webhooks w on w.workspace_id = g.workspace_id and w.id = g.webhook_id
    group by 1, 2 order by 1, 2
    on conflict (workspace_id, webhook_id) do update set numbers = expired_numbers.numbers + excluded.numbers`.execute(
    tx,
  )
}

/**
 * Keeps the numbers of what failed on a day, `YYYY-MM-DD`, and never arrived, of one workspace or of all: before the day
 * ends, for then nothing can bring it any more. Doing it twice changes nothing.
 */
export const noteExpiredDay = async (system: Db, day: string, workspaceId: string | null): Promise<void> => {
  // scope: housekeeping, done for all workspaces at once.
  // no event: that it failed was told.
  const [begin, end] = [new Date(day), new Date(Date.parse(day) + dayMs)]
  const missed = sql`d.event_at >= ${begin} and d.event_at < ${end} and d.status <> 'delivered' and d.number is not null`
  const { rows } = await sql<{ workspace_id: string; webhook_id: string }>`
    select distinct d.workspace_id, d.webhook_id from deliveries d
    join webhooks w on w.workspace_id = d.workspace_id and w.id = d.webhook_id
    where ${missed} ${workspaceId === null ? sql`` : sql`and d.workspace_id = ${workspaceId}`}`.execute(system)
  // One webhook at a time, so that no statement has more to read than what one of them missed in a day.
  for (const { workspace_id, webhook_id } of rows)
    await sql`
      insert into expired_numbers (workspace_id, webhook_id, numbers)
      select d.workspace_id, d.webhook_id, range_agg(int8range(d.number, d.number, '[]')) from deliveries d
      join webhooks w on w.workspace_id = d.workspace_id and w.id = d.webhook_id
      where d.workspace_id = ${workspace_id} and d.webhook_id = ${webhook_id} and ${missed} and not exists (
        select from deliveries s where s.workspace_id = d.workspace_id and s.event_at = d.event_at
          and s.webhook_id = d.webhook_id and s.event_id = d.event_id and s.status = 'delivered')
      group by 1, 2
      on conflict (workspace_id, webhook_id) do update set numbers = expired_numbers.numbers + excluded.numbers`.execute(
      system,
    )
}
