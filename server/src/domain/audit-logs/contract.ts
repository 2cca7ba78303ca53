import { z } from 'zod'
import { idOutput, timeOutput } from '../wire.ts'

/** Everything that the audit log speaks of. */
export const auditActions = [
  'account.created',
  'account.resumed',
  'account.suspended',
  'account.updated',
  'agent.created',
  'agent.published',
  'api_key.created',
  'api_key.revoked',
  'api_key.rotated',
  'api_key.updated',
  'backfill.canceled',
  'backfill.created',
  'delivery.retried',
  'event.replayed',
  'invite.created',
  'invite.revoked',
  'member.added',
  'member.linked',
  'member.removed',
  'member.updated',
  'oidc_connection.deleted',
  'oidc_connection.updated',
  'session.created',
  'session.reuse_detected',
  'session.revoked',
  'sign_in.failed',
  'webhook.created',
  'webhook.deleted',
  'webhook.secret_promoted',
  'webhook.secret_rotated',
  'webhook.updated',
  'widget_key.created',
  'widget_key.revoked',
  'workspace.plan_changed',
] as const

export const AuditLog = z
  .object({
    id: idOutput('auditLog'),
    action: z.enum(auditActions),
    actor: z.string().meta({
      description: 'Who did it: a key, a user, an agent or the system.',
      examples: ['api_key:key_01h455vb4pex5vsknk084sn02q'],
    }),
    target: z.object({
      type: z.string().meta({ examples: ['webhook'] }),
      id: z.string().meta({ examples: ['wh_01h455vb4pex5vsknk084sn02q'] }),
    }),
    request_id: z.string().meta({ description: 'The `X-Request-Id` of the request that did it.' }),
    detail: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What was done, without any secret.', examples: [{ changed: ['url'] }] }),
    created_at: timeOutput,
  })
  .meta({ id: 'AuditLog' })
