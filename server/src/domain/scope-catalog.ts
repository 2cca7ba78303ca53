import type { Scope } from './scopes.ts'

/** What each scope lets its holder do, for people who choose among them. */
export const scopeDescriptions: Readonly<Record<Scope, string>> = {
  'accounts:read': 'Read the workspace and, in an agency, the accounts of its clients.',
  'accounts:write': 'Make accounts for clients, change and suspend them.',
  'agents:read': 'List and read agents and their versions.',
  'agents:write': 'Create and change agents.',
  'api_keys:manage': 'List, create, change, rotate and revoke API keys.',
  'contacts:read': 'List, search and read contacts.',
  'contacts:write': 'Create, change and delete contacts.',
  'conversations:read': 'List and read conversations.',
  'conversations:write': 'Create, change, resolve and reopen conversations.',
  'messages:read': 'Read messages.',
  'messages:write': 'Add messages to a conversation.',
  'knowledge:read': 'List and read knowledge sources and their chunks.',
  'knowledge:write': 'Add, ingest again and delete knowledge sources.',
  'members:read': 'List the people of the workspace and its invites.',
  'members:write': 'Invite people, change their roles and remove them.',
  'chat:write': 'Ask an agent a question.',
  'events:read': 'Read the event log, deliveries and their attempts.',
  'events:replay': 'Send events to webhooks again.',
  'logs:read': 'Read the audit log and the request log.',
  'webhooks:read': 'List and read webhooks.',
  'webhooks:write': 'Register, change, test and delete webhooks.',
  'webhooks:rotate': 'Replace the secret of a webhook.',
  'workspaces:act': 'Act in the account of a client.',
}

/** Names of what a token is for, as keloa's page lists its resources, and two that most integrations want. */
export const abilityNames = [
  'accounts',
  'contacts',
  'conversations',
  'messages',
  'agents',
  'knowledge_sources',
  'tags',
  'webhooks',
  'chat',
  'read_only',
] as const

export type Ability = (typeof abilityNames)[number]

/** What stands behind each ability: plain scopes, and no right to hand out others. */
export const abilities: Readonly<Record<Ability, { description: string; scopes: readonly Scope[] }>> = {
  accounts: { description: 'Read the workspace.', scopes: ['accounts:read'] },
  contacts: { description: 'List, create, update and delete contacts.', scopes: ['contacts:write'] },
  conversations: {
    description: 'List and read conversations, write in them, resolve, reopen and prioritise them.',
    scopes: ['conversations:write', 'messages:write'],
  },
  messages: { description: 'Read messages, and add them to a conversation.', scopes: ['messages:write'] },
  agents: { description: 'List and read agents.', scopes: ['agents:read'] },
  knowledge_sources: { description: 'List, create, delete and ingest sources again.', scopes: ['knowledge:write'] },
  tags: { description: 'List, attach and detach the tags of contacts.', scopes: ['contacts:write'] },
  webhooks: {
    description: 'Manage webhooks and their secrets, and read events and deliveries.',
    scopes: ['events:read', 'webhooks:rotate', 'webhooks:write'],
  },
  chat: { description: 'Ask an agent a question.', scopes: ['chat:write'] },
  read_only: {
    description: 'Read all that integrations work with, and change nothing.',
    scopes: [
      'accounts:read',
      'agents:read',
      'contacts:read',
      'conversations:read',
      'events:read',
      'knowledge:read',
      'messages:read',
      'webhooks:read',
    ],
  },
}
