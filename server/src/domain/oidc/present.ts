import type { Selectable } from 'kysely'
import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import type { Tables } from '../../database/tables.ts'
import type { grantedRoles, OidcConnection } from './contract.ts'

export type ConnectionRow = Selectable<Tables['oidc_connections']>
export type GrantedRole = (typeof grantedRoles)[number]

/**
 * Where the provider sends the browser back to; it must be registered there. One for each workspace, so that what one
 * provider answers is never taken for the answer of another (RFC 9700, section 4.4).
 */
export const redirectUriOf = (publicUrl: string, workspaceId: string): string =>
  `${publicUrl}/v1/auth/oidc/callback/${toWireId('workspace', workspaceId)}`

export const presentConnection = (
  row: ConnectionRow,
  { publicUrl }: { publicUrl: string },
): z.infer<typeof OidcConnection> => ({
  issuer: row.issuer,
  client_id: row.client_id,
  allowed_email_domains: row.allowed_email_domains,
  allowed_return_urls: row.allowed_return_urls,
  create_members: row.create_members,
  // The column's check allows these alone.
  default_role: row.default_role as GrantedRole,
  signs_in_owners: row.signs_in_owners,
  redirect_uri: redirectUriOf(publicUrl, row.workspace_id),
  sign_in_url: `${publicUrl}/v1/auth/oidc/start?workspace=${toWireId('workspace', row.workspace_id)}`,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})
