-- Why: people sign in with the provider that their company has; what ties a sign-in to one browser lives for minutes.

create table oidc_connections (
  workspace_id uuid primary key references workspaces (id) on delete cascade,
  issuer text not null,
  client_id text not null,
  sealed_secret bytea not null,
  allowed_email_domains text[] not null,
  allowed_return_urls text[] not null,
  create_members boolean not null,
  default_role text not null check (default_role in ('admin', 'developer', 'agent', 'viewer')),
  -- Whoever names the provider decides whom it may vouch for, so only an owner's word holds for owners.
  signs_in_owners boolean not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
call protect_table('oidc_connections');

-- Who somebody at a provider is here. One each way: an address that the provider gave to another person opens nothing.
create table oidc_identities (
  workspace_id uuid not null references oidc_connections (workspace_id) on delete cascade,
  issuer text not null,
  subject text not null,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null,
  primary key (workspace_id, issuer, subject),
  unique (workspace_id, issuer, user_id)
);
create index on oidc_identities (user_id);
call protect_table('oidc_identities');

-- What follows belongs to people who are not signed in yet, so the role of requests has no right to it at all.

create table oidc_sign_ins (
  state_hash bytea primary key,
  workspace_id uuid not null references oidc_connections (workspace_id) on delete cascade,
  -- Of the cookie: the answer of the provider counts only in the browser that asked.
  browser_hash bytea not null,
  sealed bytea not null,
  return_to text,
  address text,
  expires_at timestamptz(3) not null
);
create index on oidc_sign_ins (workspace_id);
create index on oidc_sign_ins (address);
create index on oidc_sign_ins (expires_at);
grant select, insert, delete on oidc_sign_ins to parley_worker;

create table oidc_codes (
  hash bytea primary key,
  workspace_id uuid not null references oidc_connections (workspace_id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  expires_at timestamptz(3) not null
);
create index on oidc_codes (workspace_id);
create index on oidc_codes (user_id);
create index on oidc_codes (expires_at);
grant select, insert, delete on oidc_codes to parley_worker;
