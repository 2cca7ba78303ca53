-- Why: people sign in with what only they know, and are let into workspaces by a role.

alter table users
  add column avatar_url text,
  add column last_seen_at timestamptz(3);

-- A workspace sees the people who are members of it, and never what they sign in with.
alter table users enable row level security;
alter table users force row level security;
create policy request_scope on users to parley_request using (
  exists (select from members m where m.workspace_id = (select current_workspace()) and m.user_id = users.id)
);
create policy worker_scope on users to parley_worker using (true);
grant select (id, email, name, avatar_url, last_seen_at, created_at) on users to parley_request;

-- What follows belongs to a person, not to a workspace, so the role of requests has no right to it at all.

create table totp_factors (
  user_id uuid primary key references users (id) on delete cascade,
  sealed bytea not null,
  -- Null until a first code has shown that the person's device holds the secret.
  confirmed_at timestamptz(3),
  -- The newest step of thirty seconds whose code was taken: a code works once.
  last_step integer not null default 0,
  created_at timestamptz(3) not null
);
grant select, insert, update, delete on totp_factors to parley_worker;

create table recovery_codes (
  user_id uuid not null references totp_factors (user_id) on delete cascade,
  hash bytea not null,
  primary key (user_id, hash)
);
grant select, insert, update, delete on recovery_codes to parley_worker;

create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  workspace_id uuid not null references workspaces (id) on delete cascade,
  address text,
  user_agent text,
  created_at timestamptz(3) not null,
  last_seen_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  revoked_at timestamptz(3)
);
create index on sessions (user_id, id);
create index on sessions (workspace_id);
create index on sessions (expires_at);
grant select, insert, update, delete on sessions to parley_worker;

-- Every refresh token a session ever had: one that is presented after its use was stolen, or its successor was.
create table refresh_tokens (
  hash bytea primary key,
  session_id uuid not null references sessions (id) on delete cascade,
  used_at timestamptz(3),
  created_at timestamptz(3) not null
);
create index on refresh_tokens (session_id);
grant select, insert, update, delete on refresh_tokens to parley_worker;

-- Attempts to sign in that did not succeed, by account and by address; hashed, for many of the names are of strangers.
create table sign_in_attempts (
  bucket bytea primary key,
  attempts integer not null,
  since timestamptz(3) not null
) with (fillfactor = 50);
create index on sign_in_attempts (since);
grant select, insert, update, delete on sign_in_attempts to parley_worker;

create table invites (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  email text not null,
  role text not null check (role in ('owner', 'admin', 'developer', 'agent', 'viewer')),
  token_hash bytea not null,
  invited_by text not null,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  accepted_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (workspace_id, id),
  constraint invites_token_key unique (token_hash)
);
create unique index invites_open_key on invites (workspace_id, email) where accepted_at is null and revoked_at is null;
call protect_table('invites');
