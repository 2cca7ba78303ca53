import type { Owned } from './columns.ts'

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

export type WidgetTables = {
  widget_keys: WidgetKeysTable
  conversation_secrets: ConversationSecretsTable
}
