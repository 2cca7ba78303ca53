import { chatloomEndpoints } from './http/dialects/chatloom/agents.ts'
import { klairoContactEndpoints } from './http/dialects/klairo/contacts.ts'
import { klairoDoors } from './http/dialects/klairo/doors.ts'
import { klairoKeyEndpoints } from './http/dialects/klairo/keys.ts'
import { klairoWebhookEndpoints } from './http/dialects/klairo/webhooks.ts'
import type { Endpoint } from './http/endpoint.ts'
import { accountEndpoints } from './http/v1/accounts.ts'
import { agentEndpoints } from './http/v1/agents.ts'
import { apiKeyEndpoints } from './http/v1/api-keys.ts'
import { auditLogEndpoints } from './http/v1/audit-logs.ts'
import { authEndpoints } from './http/v1/auth.ts'
import { backfillEndpoints } from './http/v1/backfills.ts'
import { chatEndpoints } from './http/v1/chat.ts'
import { contactEndpoints } from './http/v1/contacts.ts'
import { conversationEndpoints } from './http/v1/conversations.ts'
import { docsEndpoints } from './http/v1/docs.ts'
import { eventDeliveryEndpoints } from './http/v1/event-deliveries.ts'
import { eventTypeEndpoints } from './http/v1/event-types.ts'
import { eventEndpoints } from './http/v1/events.ts'
import { healthEndpoints } from './http/v1/health.ts'
import { knowledgeSourceEndpoints } from './http/v1/knowledge-sources.ts'
import { inviteEndpoints, memberEndpoints } from './http/v1/members.ts'
import { messageEndpoints } from './http/v1/messages.ts'
import { oidcConnectionEndpoints, oidcSignInEndpoints } from './http/v1/oidc.ts'
import { openApiEndpoints } from './http/v1/openapi-document.ts'
import { planEndpoints } from './http/v1/plans.ts'
import { requestLogEndpoints } from './http/v1/request-logs.ts'
import { scopeEndpoints } from './http/v1/scopes.ts'
import { sessionEndpoints } from './http/v1/sessions.ts'
import { userEndpoints } from './http/v1/users.ts'
import { webhookEndpoints } from './http/v1/webhooks.ts'
import { widgetKeyEndpoints } from './http/v1/widget-keys.ts'
import { widgetEndpoints } from './http/widget/widget-endpoints.ts'

/** Version of this server and of its API document. */
export const version = '0.1.0'

const canonical: readonly Endpoint[] = [
  ...authEndpoints,
  ...oidcSignInEndpoints,
  ...userEndpoints,
  ...sessionEndpoints,
  ...memberEndpoints,
  ...inviteEndpoints,
  ...oidcConnectionEndpoints,
  ...accountEndpoints,
  ...planEndpoints,
  ...apiKeyEndpoints,
  ...scopeEndpoints,
  ...contactEndpoints,
  ...conversationEndpoints,
  ...messageEndpoints,
  ...agentEndpoints,
  ...widgetKeyEndpoints,
  ...knowledgeSourceEndpoints,
  ...chatEndpoints,
  ...widgetEndpoints,
  ...eventEndpoints,
  ...eventTypeEndpoints,
  ...webhookEndpoints,
  ...backfillEndpoints,
  ...eventDeliveryEndpoints,
  ...auditLogEndpoints,
  ...requestLogEndpoints,
  ...docsEndpoints,
  ...healthEndpoints,
]

const documented: readonly Endpoint[] = [
  ...canonical,
  ...klairoDoors(canonical),
  ...klairoKeyEndpoints,
  ...klairoContactEndpoints,
  ...klairoWebhookEndpoints,
  ...chatloomEndpoints,
]

/** The one list of every HTTP endpoint. */
export const endpoints: readonly Endpoint[] = [...documented, ...openApiEndpoints(documented, version)]
