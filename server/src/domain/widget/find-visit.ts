import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import { type Site, type SiteRow, siteOf } from './site.ts'

/** What a living conversation secret stands for. */
export type VisitorHolder = Site & { conversationId: string; expiresAt: Date }

/** Finds the holder of a secret by its hash; undefined when it is unknown or expired. Looks across workspaces, so it takes `system`. */
export const findVisit = async (system: Db, hash: Buffer, now: Date): Promise<VisitorHolder | undefined> => {
  const { rows } = await sql<SiteRow & { conversation_id: string; expires_at: Date }>`
    select s.conversation_id, s.expires_at, s.workspace_id, c.agent_id, w.mode, p.requests_per_minute,
      array(select d.domain from agent_domains d where d.workspace_id = c.workspace_id and d.agent_id = c.agent_id) as domains
    from conversation_secrets s
    join conversations c on c.workspace_id = s.workspace_id and c.id = s.conversation_id
    join workspaces w on w.id = s.workspace_id join plans p on p.id = w.plan_id
    left join workspaces agency on agency.id = w.parent_id
    where s.hash = ${hash} and s.expires_at > ${now} and w.status = 'active' and agency.status is distinct from 'suspended'`.execute(
    system,
  )
  const [row] = rows
  return row && { ...siteOf(row), conversationId: row.conversation_id, expiresAt: row.expires_at }
}
