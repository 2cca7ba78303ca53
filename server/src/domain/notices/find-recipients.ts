import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

export type Recipient = { workspace_id: string; user_id: string; email: string }

// Whoever has more admins than that tells them by other means.
const most = 20

/**
 * Who is mailed of each workspace: its owners and admins, owners and older members first; a sandbox has those of its live
 * workspace, and a client without any those of its agency. Takes the system database.
 */
export const findRecipients = async (system: Db, workspaceIds: readonly string[]): Promise<Recipient[]> => {
  const { rows } = await sql<Recipient>`
    with places as (
      select w.id, coalesce(w.sandbox_of, w.id) as home, coalesce(p.sandbox_of, p.id) as agency
      from workspaces w left join workspaces p on p.id = w.parent_id
      where w.id = any(${workspaceIds}::uuid[])
    ), staffed as (
      select id, case when exists (
        select from members m where m.workspace_id = home and m.role in ('owner', 'admin')
      ) then home else agency end as people from places
    )
    select s.id as workspace_id, m.user_id, u.email
    from staffed s
    cross join lateral (
      select user_id, role = 'owner' as is_owner, created_at from members
      where workspace_id = s.people and role in ('owner', 'admin')
      order by is_owner desc, created_at, user_id limit ${most}
    ) m
    join users u on u.id = m.user_id
    order by s.id, m.is_owner desc, m.created_at, m.user_id`.execute(system)
  return rows
}
