import type { AgentsTables } from './tables/agents.ts'
import type { ApiKeysTables } from './tables/api-keys.ts'
import type { AuditLogsTables } from './tables/audit-logs.ts'
import type { ContactsTables } from './tables/contacts.ts'
import type { ConversationsTables } from './tables/conversations.ts'
import type { EventsTables } from './tables/events.ts'
import type { IdempotencyTables } from './tables/idempotency.ts'
import type { InstallationTables } from './tables/installation.ts'
import type { KnowledgeTables } from './tables/knowledge.ts'
import type { NoticesTables } from './tables/notices.ts'
import type { OidcTables } from './tables/oidc.ts'
import type { PlansTables } from './tables/plans.ts'
import type { RequestLogsTables } from './tables/request-logs.ts'
import type { SessionsTables } from './tables/sessions.ts'
import type { UsersTables } from './tables/users.ts'
import type { WebhooksTables } from './tables/webhooks.ts'
import type { WidgetTables } from './tables/widget.ts'
import type { WorkTables } from './tables/work.ts'
import type { WorkspacesTables } from './tables/workspaces.ts'

/** Every table with its columns as the database has them; `migrations/` is the source. Columns with JSON hold exact text. */
export type Tables = InstallationTables &
  WorkspacesTables &
  AuditLogsTables &
  UsersTables &
  SessionsTables &
  OidcTables &
  ApiKeysTables &
  EventsTables &
  PlansTables &
  ContactsTables &
  KnowledgeTables &
  NoticesTables &
  AgentsTables &
  ConversationsTables &
  WebhooksTables &
  RequestLogsTables &
  IdempotencyTables &
  WidgetTables &
  WorkTables
