-- Why: what was said, by whom, on what grounds, and whether a person has taken over.
create table conversations (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  contact_id uuid,
  agent_id uuid not null,
  channel text not null,
  subject text,
  status text not null check (status in ('open', 'resolved')),
  priority text not null check (priority in ('low', 'normal', 'high', 'urgent')),
  handoff_state text check (handoff_state in ('requested', 'active')),
  handoff_reason text,
  handoff_at timestamptz(3),
  metadata text not null,
  last_message_at timestamptz(3),
  resolved_at timestamptz(3),
  -- The matter at hand is what was said after this id, which a resolve sets; messages before it are another matter.
  context_after uuid,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, contact_id) references contacts (workspace_id, id) on delete set null (contact_id),
  foreign key (workspace_id, agent_id) references agents (workspace_id, id)
) with (fillfactor = 80);
create index on conversations (workspace_id, status, id);
create index on conversations (workspace_id, contact_id, id) where contact_id is not null;
create index on conversations (workspace_id, agent_id, id);
create index on conversations (workspace_id, handoff_state, id) where handoff_state is not null;
call protect_table('conversations');

create table messages (
  workspace_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  role text not null check (role in ('user', 'assistant', 'human')),
  author text not null,
  content text not null,
  status text not null check (status in ('complete', 'aborted', 'failed')),
  -- What produced an assistant's message, and on what grounds; null for people's.
  in_reply_to uuid,
  agent_version_id uuid,
  mode text check (mode in ('extractive', 'llm', 'scripted')),
  model text,
  confidence double precision,
  citations text,
  handoff text,
  prompt_tokens integer,
  completion_tokens integer,
  created_at timestamptz(3) not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, conversation_id) references conversations (workspace_id, id) on delete cascade,
  foreign key (workspace_id, agent_version_id) references agent_versions (workspace_id, id)
);
create index on messages (workspace_id, conversation_id, id);
create index on messages (workspace_id, in_reply_to) where in_reply_to is not null;
call protect_table('messages');
