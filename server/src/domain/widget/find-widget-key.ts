import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { type Site, type SiteRow, siteOf } from './site.ts'

/** What a living widget key stands for. */
export type WidgetKeyHolder = Site & { widgetKeyId: string }

/** Finds the holder of a widget key; undefined when it is unknown or revoked. Looks across workspaces, so it takes `system`. */
export const findWidgetKey = async (system: Db, key: string): Promise<WidgetKeyHolder | undefined> => {
  const { rows } = await sql<SiteRow & { id: string }>`
    select k.id, k.workspace_id, k.agent_id, w.mode, p.requests_per_minute,
      array(select d.domain from agent_domains d where d.workspace_id = k.workspace_id and d.agent_id = k.agent_id) as domains
    from widget_keys k join workspaces w on w.id = k.workspace_id join plans p on p.id = w.plan_id
    left join workspaces agency on agency.id = w.parent_id
    where k.key = ${key} and k.revoked_at is null and w.status = 'active' and agency.status is distinct from 'suspended'`.execute(
    system,
  )
  const [row] = rows
  return row && { ...siteOf(row), widgetKeyId: row.id }
}
