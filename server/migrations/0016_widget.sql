-- Why: a page on the web chats with one agent by a public key, and each visitor holds the secret of one conversation.
create table widget_keys (
  workspace_id uuid not null,
  id uuid not null,
  agent_id uuid not null,
  name text not null,
  -- In clear, so that it can be shown again: it stands in the source of public pages.
  key text not null,
  revoked_at timestamptz(3),
  created_by text not null,
  created_at timestamptz(3) not null,
  primary key (workspace_id, id),
  constraint widget_keys_key_key unique (key),
  foreign key (workspace_id, agent_id) references agents (workspace_id, id) on delete cascade
);
create index on widget_keys (workspace_id, agent_id, id);
call protect_table('widget_keys');

create table conversation_secrets (
  workspace_id uuid not null,
  conversation_id uuid not null,
  hash bytea not null,
  pepper_version smallint not null,
  widget_key_id uuid not null,
  created_at timestamptz(3) not null,
  -- Moves on while the secret is used.
  expires_at timestamptz(3) not null,
  primary key (workspace_id, conversation_id),
  constraint conversation_secrets_hash_key unique (hash),
  foreign key (workspace_id, conversation_id) references conversations (workspace_id, id) on delete cascade,
  foreign key (workspace_id, widget_key_id) references widget_keys (workspace_id, id) on delete cascade
);
create index on conversation_secrets (expires_at);
create index on conversation_secrets (workspace_id, widget_key_id);
call protect_table('conversation_secrets');
