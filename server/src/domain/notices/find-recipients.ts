import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

export type Recipient = { workspace_id: string; user_id: string; email: string }

// Whoever has more admins than that tells them by other means.
const most = 20

/**
 * Who is mailed of each workspace: its owners and admins, owners and older members first; a sandbox has those of its live
 * workspace, and a client without any those of its agency. The owner of a first start has an address on `localhost`, to which
 * nothing is mailed. Takes the system database.
 */
export const findRecipients = async (system: Db, workspaceIds: readonly string[]): Promise<Recipient[]> => {
  const { rows } = await sql<Recipient>`
    with places as (
      select w.id, coalesce(w.sandbox_of, w.id) as home, coalesce(p.sandbox_of, p.id) as agency
      from workspaces w left join workspaces p on p.id = w.parent_id
      where w.id = any(${workspaceIds}::uuid[])
    ), people as (
      select m.workspace_id, m.user_id, u.email, m.role = 'owner' as is_owner, m.created_at
      from members m join users u on u.id = m.user_id
      where m.workspace_id in (select home from places union select agency from places)
        and m.role in ('owner', 'admin') and u.email not like '%@localhost'
    )
    select q.id as workspace_id, p.user_id, p.email
    from places q
    cross join lateral (
      select * from people
      where workspace_id = case when exists (select from people where workspace_id = q.home) then q.home else q.agency end
      order by is_owner desc, created_at, user_id limit ${most}
    ) p
    order by q.id, p.is_owner desc, p.created_at, p.user_id`.execute(system)
  return rows
}
