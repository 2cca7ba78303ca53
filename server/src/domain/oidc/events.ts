import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { OidcConnection, OidcConnectionDeletedData } from './contract.ts'

const connection: z.input<typeof OidcConnection> = {
  issuer: 'https://login.acme.com',
  client_id: 'parley',
  allowed_email_domains: ['acme.com'],
  allowed_return_urls: [],
  create_members: true,
  default_role: 'agent',
  signs_in_owners: true,
  redirect_uri: 'https://parley.acme.com/v1/auth/oidc/callback/ws_01h455vb4pex5vsknk084sn02q',
  sign_in_url: 'https://parley.acme.com/v1/auth/oidc/start?workspace=ws_01h455vb4pex5vsknk084sn02q',
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}

export const oidcConnectionUpdated = defineEvent({
  type: 'oidc_connection.updated',
  description: 'The provider that members sign in with was set up or changed. Its client secret is never in an event.',
  data: OidcConnection,
  example: connection,
})
export const oidcConnectionDeleted = defineEvent({
  type: 'oidc_connection.deleted',
  description: 'Members cannot sign in with a provider any more.',
  data: OidcConnectionDeletedData,
  example: { issuer: connection.issuer, deleted_at: '2026-03-11T11:22:00.000Z' },
})

export const oidcEvents = [oidcConnectionUpdated, oidcConnectionDeleted]
