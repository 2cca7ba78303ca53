import type { Owned, Stamped } from './columns.ts'

type OidcConnectionsTable = Owned &
  Stamped & {
    issuer: string
    client_id: string
    sealed_secret: Buffer
    allowed_email_domains: string[]
    allowed_return_urls: string[]
    create_members: boolean
    default_role: string
    signs_in_owners: boolean
  }

type OidcIdentitiesTable = Owned & { issuer: string; subject: string; user_id: string; created_at: Date }

type OidcUsedStatesTable = { state_hash: Buffer; expires_at: Date }

type OidcCodesTable = Owned & {
  hash: Buffer
  challenge: Buffer
  user_id: string
  issuer: string | null
  subject: string | null
  expires_at: Date
}

export type OidcTables = {
  oidc_connections: OidcConnectionsTable
  oidc_identities: OidcIdentitiesTable
  oidc_used_states: OidcUsedStatesTable
  oidc_codes: OidcCodesTable
}
