import type { ColumnType, GeneratedAlways } from 'kysely'

/** Columns as the database has them; `migrations/` is the source. Columns with JSON hold exact text. */
type Counter = ColumnType<number, number | undefined, number>

type Owned = { workspace_id: string }
type Stamped = { created_at: Date; updated_at: Date }

type PlansTable = {
  id: string
  label: string
  requests_per_minute: number | null
  key_requests_per_minute: ColumnType<number | null, number | null | undefined, number | null>
  chat_messages_per_day: number | null
  key_calls_per_month: number | null
  webhooks_max: number | null
  automations_max: number | null
  analytics: boolean
  retention_days: number
  listed: ColumnType<boolean, boolean | undefined, boolean>
}

type WorkspacesTable = Stamped & {
  id: string
  parent_id: string | null
  sandbox_of: string | null
  mode: 'live' | 'sandbox'
  name: string
  plan_id: string
  status: ColumnType<'active' | 'suspended', 'active' | 'suspended' | undefined, 'active' | 'suspended'>
  reference: ColumnType<string | null, string | null | undefined, string | null>
  metadata: ColumnType<string, string | undefined, string>
}

type UsageCountersTable = Owned & { metric: string; day: string; slot: number; used: number }

type LimitsReachedTable = Owned & {
  limit_name: string
  period_start: Date
  limit_value: number
  created_at: Date
}

type UsersTable = Stamped & {
  id: string
  email: string
  name: string
  password_hash: string
  avatar_url: ColumnType<string | null, string | null | undefined, string | null>
  last_seen_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

type TotpFactorsTable = {
  user_id: string
  sealed: Buffer
  confirmed_at: Date | null
  last_step: Counter
  created_at: Date
}

type RecoveryCodesTable = { user_id: string; hash: Buffer }

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

type SignInAttemptsTable = { bucket: Buffer; attempts: number; since: Date }

type InvitesTable = Owned & {
  id: string
  email: string
  role: string
  token_hash: Buffer
  invited_by: string
  created_at: Date
  expires_at: Date
  accepted_at: Date | null
  revoked_at: Date | null
}

type MembersTable = Owned & { user_id: string; role: string; created_at: Date }

type ApiKeysTable = Owned & {
  id: string
  name: string
  display_prefix: string
  hash: Buffer
  pepper_version: number
  scopes: string[]
  allowed_addresses: string[]
  expiry_warning_at: Date | null
  requests_per_minute: ColumnType<number | null, number | null | undefined, number | null>
  expires_at: Date | null
  revoked_at: Date | null
  replaced_by: string | null
  grace_until: Date | null
  last_used_at: Date | null
  created_by: string
  created_at: Date
}

type ApiKeyCallsTable = Owned & { key_id: string; month: string; calls: number }

type IdempotencyKeysTable = Owned & {
  key: string
  fingerprint: Buffer
  status: number | null
  body: string | null
  locked_until: Date | null
  resource_id: ColumnType<string | null, string | null | undefined, string | null>
  created_at: Date
  expires_at: Date
}

type EventOutboxTable = Owned & {
  id: string
  created_at: Date
  type: string
  names: string[]
  subject_type: string
  subject_id: string | null
  head: string
  tail: string
}

type EventSequencesTable = Owned & { last: number }

type EventsTable = Owned & {
  created_at: Date
  id: string
  sequence: number
  type: string
  names: string[]
  subject_type: string
  subject_id: string | null
  payload: string
}

/** `day` is written as YYYY-MM-DD. */
type EventDaysTable = Owned & { day: string; first: number; last: number; types: string[] }

type UndeliveredEventsTable = Owned & {
  webhook_id: string
  event_id: string
  event_at: Date
  sequence: number
  type: string
  subject_id: string | null
}

type WorkspaceHistoryTable = Owned & { kept_from: string }

type LanesTable = Owned & {
  kind: string
  key: string
  next_due_at: Date | null
  lease_owner: string | null
  lease_until: Date | null
  epoch: Counter
  paused: ColumnType<boolean, boolean | undefined, boolean>
  numbered: Counter
  max_running: ColumnType<number | null, number | null | undefined>
  per_second: ColumnType<number | null, number | null | undefined>
  catch_up_per_second: ColumnType<number | null, number | null | undefined>
  ordered: ColumnType<boolean, boolean | undefined>
}

type WorkItemsTable = Owned & {
  kind: string
  key: string
  band: number
  due_at: Date
  id: string
  attempt: number
  payload: string
  number: ColumnType<number | null, number | null | undefined>
  created_at: Date
}

type ContactsTable = Owned &
  Stamped & {
    id: string
    name: string | null
    email: string | null
    phone: string | null
    company: string | null
    external_id: string | null
    tags: string[]
    metadata: string
  }

type ContactTermsTable = Owned & { term: string; contact_id: string }

type AgentsTable = Owned &
  Stamped & {
    id: string
    name: string
    status: 'active' | 'paused'
    is_default: boolean
    current_version_id: string
  }

type AgentDomainsTable = Owned & { id: string; agent_id: string; domain: string; created_at: Date }

type WidgetKeysTable = Owned & {
  id: string
  agent_id: string
  name: string
  key: string
  revoked_at: Date | null
  created_by: string
  created_at: Date
}

type ConversationSecretsTable = Owned & {
  conversation_id: string
  hash: Buffer
  pepper_version: number
  widget_key_id: string
  created_at: Date
  expires_at: Date
}

type AgentVersionsTable = Owned & {
  id: string
  agent_id: string
  number: number
  snapshot: string
  created_by: string
  created_at: Date
}

type KnowledgeSourcesTable = Owned &
  Stamped & {
    id: string
    type: 'text' | 'qa' | 'file' | 'url' | 'crawl' | 'openapi'
    name: string
    url: string | null
    language: string
    audience: 'public' | 'internal'
    status: 'queued' | 'processing' | 'ready' | 'failed'
    error_code: string | null
    error_message: string | null
    version: Counter
    content_hash: string | null
    ingest_id: ColumnType<string, string | undefined, string>
    progress_done: Counter
    progress_total: Counter
    chunk_count: Counter
    character_count: Counter
    fetched_at: Date | null
  }

type KnowledgeUploadsTable = Owned & {
  source_id: string
  file_name: string | null
  media_type: string
  bytes: Buffer
}

type KnowledgeDocumentsTable = Owned & {
  id: string
  source_id: string
  ordinal: number
  title: string | null
  url: string | null
  text: string
  error: string | null
}

type ChunksTable = Owned & {
  id: string
  source_id: string
  document_id: string
  ordinal: number
  title_path: string[]
  text: string
  char_start: number
  char_end: number
  length: number
  content_hash: string
  terms: string[]
}

type PostingsTable = Owned & {
  term: string
  chunk_id: string
  source_id: string
  frequency: number
  length: number
}

type TermStatisticsTable = Owned & { term: string; chunks: number }

type KnowledgeStatisticsTable = Owned & { config: string; chunks: number; total_length: number }

type ConversationsTable = Owned &
  Stamped & {
    id: string
    contact_id: string | null
    agent_id: string
    channel: string
    subject: string | null
    status: 'open' | 'resolved'
    priority: 'low' | 'normal' | 'high' | 'urgent'
    handoff_state: 'requested' | 'active' | null
    handoff_reason: string | null
    handoff_at: Date | null
    metadata: string
    last_message_at: Date | null
    resolved_at: Date | null
    context_after: string | null
  }

type MessagesTable = Owned & {
  id: string
  conversation_id: string
  role: 'user' | 'assistant' | 'human'
  author: string
  content: string
  status: 'complete' | 'aborted' | 'failed'
  in_reply_to: string | null
  agent_version_id: string | null
  mode: 'extractive' | 'llm' | 'scripted' | null
  model: string | null
  confidence: number | null
  citations: string | null
  handoff: string | null
  prompt_tokens: number | null
  completion_tokens: number | null
  created_at: Date
}

type WebhooksTable = Owned &
  Stamped & {
    id: string
    url: string
    events: string[]
    description: string | null
    status: 'active' | 'paused' | 'disabled'
    disabled_reason: string | null
    filter: string | null
    sealed_headers: Buffer | null
    header_names: string[]
    max_in_flight: number
    max_per_second: number | null
    fifo: boolean
    retry_policy: 'standard' | 'extended'
    legacy_version: number | null
    previous_secrets_until: Date | null
    test_minute: Date | null
    tests: Counter
  }

type BackfillsTable = Owned &
  Stamped & {
    id: string
    webhook_id: string
    from_time: Date
    to_time: Date
    cursor: string | null
    types: string[] | null
    mode: 'missing' | 'failed' | 'all'
    status: 'running' | 'completed' | 'canceled'
    estimated: number
    enqueued: Counter
    created_by: string
    finished_at: Date | null
  }

type WebhookTroublesTable = Owned & {
  webhook_id: string
  first_failure_at: Date
  missed_from: Date
  last_failure_at: Date
  failed_attempts: number
  failed_deliveries: number
  warned: ColumnType<number, number | undefined>
}

type WebhookSecretsTable = Owned & {
  webhook_id: string
  version: number
  sealed: Buffer
  state: 'current' | 'previous'
  created_at: Date
  expires_at: Date | null
}

type DeliveriesTable = Owned & {
  event_at: Date
  id: string
  webhook_id: string
  event_id: string
  event_type: string
  trigger: 'event' | 'manual' | 'replay' | 'backfill'
  generation: number
  status: 'delivered' | 'failed' | 'skipped'
  attempts: number
  http_status: number | null
  error_code: string | null
  number: ColumnType<number | null, number | null | undefined>
  created_at: Date
  finished_at: Date
}

type DeliveryAttemptsTable = Owned & {
  event_at: Date
  delivery_id: string
  number: number
  epoch: number
  webhook_id: string
  at: Date
  http_status: number | null
  error_code: string | null
  remote_address: string | null
  timings: string
  request_headers: string
  response_headers: string | null
  response_body: string | null
  response_truncated: boolean
}

type AuditLogsTable = Owned & {
  id: string
  created_at: Date
  action: string
  actor: string
  target_type: string
  target_id: string
  request_id: string
  detail: string
}

type RequestLogsTable = Owned & {
  created_at: Date
  id: string
  key_id: string | null
  method: string
  route: string
  status: number
  duration_ms: number
  bytes_in: number
  bytes_out: number | null
  address: string
  request_id: string
  idempotency_key_hash: string | null
  error_code: string | null
}

type SchemaMigrationsTable = { name: string; applied_at: GeneratedAlways<Date> }

type InstallationTable = {
  only_row: ColumnType<boolean, boolean | undefined, never>
  secret_fingerprint: string
}

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

type OidcSignInsTable = Owned & {
  state_hash: Buffer
  browser_hash: Buffer
  sealed: Buffer
  return_to: string | null
  address: string | null
  expires_at: Date
}

type OidcCodesTable = Owned & { hash: Buffer; user_id: string; expires_at: Date }

export type Tables = {
  agent_domains: AgentDomainsTable
  widget_keys: WidgetKeysTable
  conversation_secrets: ConversationSecretsTable
  agent_versions: AgentVersionsTable
  agents: AgentsTable
  api_key_calls: ApiKeyCallsTable
  api_keys: ApiKeysTable
  audit_logs: AuditLogsTable
  chunks: ChunksTable
  contact_terms: ContactTermsTable
  backfills: BackfillsTable
  contacts: ContactsTable
  conversations: ConversationsTable
  deliveries: DeliveriesTable
  delivery_attempts: DeliveryAttemptsTable
  event_outbox: EventOutboxTable
  event_sequences: EventSequencesTable
  events: EventsTable
  event_days: EventDaysTable
  undelivered_events: UndeliveredEventsTable
  workspace_history: WorkspaceHistoryTable
  idempotency_keys: IdempotencyKeysTable
  installation: InstallationTable
  invites: InvitesTable
  knowledge_documents: KnowledgeDocumentsTable
  knowledge_sources: KnowledgeSourcesTable
  knowledge_statistics: KnowledgeStatisticsTable
  knowledge_uploads: KnowledgeUploadsTable
  lanes: LanesTable
  members: MembersTable
  limits_reached: LimitsReachedTable
  messages: MessagesTable
  oidc_codes: OidcCodesTable
  oidc_connections: OidcConnectionsTable
  oidc_identities: OidcIdentitiesTable
  oidc_sign_ins: OidcSignInsTable
  plans: PlansTable
  postings: PostingsTable
  recovery_codes: RecoveryCodesTable
  refresh_tokens: RefreshTokensTable
  request_logs: RequestLogsTable
  schema_migrations: SchemaMigrationsTable
  sessions: SessionsTable
  sign_in_attempts: SignInAttemptsTable
  term_statistics: TermStatisticsTable
  totp_factors: TotpFactorsTable
  usage_counters: UsageCountersTable
  users: UsersTable
  webhook_secrets: WebhookSecretsTable
  webhook_troubles: WebhookTroublesTable
  webhooks: WebhooksTable
  work_items: WorkItemsTable
  workspaces: WorkspacesTable
}
