import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { actorName, type Ctx } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { widgetKeyCreated, type widgetKeyRevoked } from './events.ts'
import type { WidgetKeyRow } from './present.ts'

/** Tells of a key that was made or revoked, in the event log and in the audit log. */
export const recordKeyChange = async (
  ctx: Ctx,
  tx: Db,
  event: typeof widgetKeyCreated | typeof widgetKeyRevoked,
  row: WidgetKeyRow,
): Promise<void> => {
  const id = toWireId('widgetKey', row.id)
  const agentId = toWireId('agent', row.agent_id)
  await recordEvent(ctx, tx, event, {
    subject: { type: 'widget_key', id: row.id },
    data: { id, agent_id: agentId, name: row.name, actor: actorName(ctx.actor) },
  })
  await recordAudit(ctx, tx, {
    action: event === widgetKeyCreated ? 'widget_key.created' : 'widget_key.revoked',
    target: { type: 'widget_key', id },
    detail: { agent_id: agentId },
  })
}
