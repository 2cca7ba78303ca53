import { z } from 'zod'
import { AuditLog, auditActions, listAuditLogs, presentAuditLog } from '../../domain/audit-logs/index.ts'
import { listOf, pageQuery, timeInput } from '../../domain/wire.ts'
import { defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

export const auditLogEndpoints = [
  defineEndpoint({
    id: 'audit_logs_list',
    method: 'GET',
    path: '/v1/audit-logs',
    access: 'logs:read',
    tag: 'Audit logs',
    summary: 'List what was done, newest first',
    description:
      'Keys minted, rotated and revoked, webhooks changed, agents published, members changed, deliveries sent again: each with who did it and in which request. Entries are written with the change itself and are never altered.',
    query: z.strictObject({
      ...pageQuery,
      action: z.enum(auditActions).optional(),
      actor: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .meta({
          description: 'As entries name it: `api_key:key_…`, `user:usr_…`.',
          examples: ['api_key:key_01h455vb4pex5vsknk084sn02q'],
        }),
      from: timeInput.optional().meta({ description: 'Done at this moment or later.' }),
      to: timeInput.optional().meta({ description: 'Done before this moment.' }),
    }),
    responses: { 200: listOf(AuditLog) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('auditLog', await listAuditLogs(ctx, query, pageOf('auditLog', query)), presentAuditLog)),
  }),
]
