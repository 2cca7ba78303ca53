import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'

/** Deletes secrets whose overlap has ended, and what their webhooks say of it. */
// scope: housekeeping, done for all workspaces at once.
// no event: the end of an overlap was told when it began.
export const purgeSecrets = async (system: Db, now: Date): Promise<void> => {
  await system.deleteFrom('webhook_secrets').where('expires_at', '<=', now).execute()
  await sql`
    update webhooks set legacy_version = null, previous_secrets_until = null where (workspace_id, id) in (
      select workspace_id, id from webhooks where previous_secrets_until <= ${now} for update skip locked)`.execute(
    system,
  )
}
