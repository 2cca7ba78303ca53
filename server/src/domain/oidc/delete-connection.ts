import { toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { oidcConnectionDeleted } from './events.ts'
import { forgetLinks } from './forget-links.ts'
import { noConnection } from './get-connection.ts'

/** Ends signing in with the provider, and forgets who is who there. Sessions that were opened with it live on, but for those of owners. */
export const deleteConnection = async (ctx: Ctx): Promise<void> => {
  requireScope(ctx, 'members:write')
  await transaction(ctx.db, async (tx) => {
    const row = await tx
      .deleteFrom('oidc_connections')
      .where('workspace_id', '=', ctx.workspaceId)
      .returning('issuer')
      .executeTakeFirst()
    if (!row) throw noConnection()
    await forgetLinks(tx, ctx.workspaceId, { keep: null })
    await recordEvent(ctx, tx, oidcConnectionDeleted, {
      subject: { type: 'oidc_connection', id: ctx.workspaceId },
      data: { issuer: row.issuer, deleted_at: ctx.clock.now().toISOString() },
    })
    await recordAudit(ctx, tx, {
      action: 'oidc_connection.deleted',
      target: { type: 'oidc_connection', id: toWireId('workspace', ctx.workspaceId) },
      detail: { issuer_host: new URL(row.issuer).host },
    })
  })
}
