type SessionsTable = {
  id: string
  user_id: string
  workspace_id: string
  opened_by: 'password' | 'oidc'
  address: string | null
  user_agent: string | null
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  revoked_at: Date | null
}

type RefreshTokensTable = { hash: Buffer; session_id: string; used_at: Date | null; created_at: Date }

export type SessionsTables = {
  sessions: SessionsTable
  refresh_tokens: RefreshTokensTable
}
