-- Why: workspaces own everything; their two database roles make isolation hold even where a query forgets its WHERE.

-- Roles belong to the whole server, so another database, or another process this very moment, may have made them already.
do $$
begin
  create role parley_request nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  create role parley_worker nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  execute format('grant parley_request, parley_worker to %I', current_user);
exception when others then
  if not (pg_has_role(current_user, 'parley_request', 'member') and pg_has_role(current_user, 'parley_worker', 'member')) then
    raise;
  end if;
end $$;
grant usage on schema public to parley_request, parley_worker;

create function current_workspace() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.workspace_id', true), '')::uuid;

-- Every table of a tenant calls this once: requests see their own workspace, workers see all, an unbound session sees nothing.
create procedure protect_table(target regclass, workspace_column name default 'workspace_id') language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy request_scope on %s to parley_request using (%I = (select current_workspace()))', target, workspace_column);
  execute format('create policy worker_scope on %s to parley_worker using (true)', target);
  execute format('grant select, insert, update, delete on %s to parley_request, parley_worker', target);
end $$;

create table plans (
  id text primary key,
  label text not null,
  requests_per_minute integer,
  chat_messages_per_day integer,
  key_calls_per_month integer,
  webhooks_max integer,
  automations_max integer,
  analytics boolean not null,
  retention_days integer not null
);
insert into plans values
  ('unlimited',  'Unlimited',  null, null,  null, null, null, true,  365),
  ('free',       'Free',         30,   50,    10,    1,    2, false,   7),
  ('starter',    'Starter',      60,  500,   100,    2,   10, true,   30),
  ('growth',     'Growth',      300, 5000,  1000,    5,   50, true,   90),
  ('pro',        'Pro',         300, 5000,  1000,    5,   50, true,   90),
  ('enterprise', 'Enterprise', null, null,  null, null, null, true,  365);
grant select on plans to parley_request, parley_worker;

create table workspaces (
  id uuid primary key,
  parent_id uuid references workspaces (id),
  sandbox_of uuid unique references workspaces (id),
  mode text not null check (mode in ('live', 'sandbox')),
  name text not null,
  plan_id text not null references plans (id),
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
create index on workspaces (parent_id) where parent_id is not null;
call protect_table('workspaces', 'id');

create table users (
  id uuid primary key,
  email text not null,
  name text not null,
  password_hash text not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
create unique index users_email_key on users (lower(email));
grant select, insert, update, delete on users to parley_worker;

create table members (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  role text not null check (role in ('owner', 'admin', 'developer', 'agent', 'viewer')),
  created_at timestamptz(3) not null,
  primary key (workspace_id, user_id)
);
create index on members (user_id);
call protect_table('members');

create table api_keys (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  name text not null,
  display_prefix text not null,
  hash bytea not null,
  pepper_version smallint not null,
  scopes text[] not null,
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  replaced_by uuid,
  grace_until timestamptz(3),
  last_used_at timestamptz(3),
  created_by text not null,
  created_at timestamptz(3) not null,
  primary key (workspace_id, id),
  constraint api_keys_hash_key unique (hash)
);
call protect_table('api_keys');

-- Calls a key has made in a month, written every few seconds: a killed process may lose the last of them.
create table api_key_calls (
  workspace_id uuid not null,
  key_id uuid not null,
  month date not null,
  calls bigint not null,
  primary key (workspace_id, key_id, month),
  foreign key (workspace_id, key_id) references api_keys (workspace_id, id) on delete cascade
) with (fillfactor = 50);
call protect_table('api_key_calls');

create table idempotency_keys (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  key text not null,
  fingerprint bytea not null,
  -- Null while a request that works outside the database is still running.
  status smallint,
  body text,
  locked_until timestamptz(3),
  -- What a request that works outside the database has made so far.
  resource_id uuid,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  primary key (workspace_id, key)
);
create index on idempotency_keys (expires_at);
call protect_table('idempotency_keys');
