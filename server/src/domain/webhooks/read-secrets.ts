import type { Db } from '../../database/open.ts'
import type { StoredSecret } from './webhook-keys.ts'

/** The secrets of a webhook that sign at this moment. */
export const readSecrets = (db: Db, workspaceId: string, webhookId: string, now: Date): Promise<StoredSecret[]> =>
  db
    .selectFrom('webhook_secrets')
    .select(['version', 'sealed', 'state'])
    .where('workspace_id', '=', workspaceId)
    .where('webhook_id', '=', webhookId)
    .where(({ or, eb }) => or([eb('state', '=', 'current'), eb('expires_at', '>', now)]))
    .orderBy('version', 'desc')
    .execute()
