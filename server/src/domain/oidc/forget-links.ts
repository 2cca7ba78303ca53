import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

/**
 * Forgets who is who at the providers of a workspace, but for `keep`, the issuer that stays. Of people who were taken out it
 * forgets nothing: a connection that is set up anew must not let them in again. A sandbox lets nobody in by itself.
 */
// scope: the verbs that call this have checked theirs. no event: changing the connection is one, recorded there.
export const forgetLinks = async (tx: Db, workspaceId: string, { keep }: { keep: string | null }): Promise<void> => {
  await sql`
    delete from oidc_identities i where i.workspace_id = ${workspaceId} and i.issuer is distinct from ${keep}::text
      and (exists (select from members m where m.workspace_id = i.workspace_id and m.user_id = i.user_id)
        or exists (select from workspaces w where w.id = i.workspace_id and w.sandbox_of is not null))`.execute(tx)
}
