-- Why: nobody who is not signed in fills a table that others need, and what a sign-in ends with belongs to one browser.

-- What a sign-in is held against travels, sealed, with its browser; only an answer that came back leaves a row.
drop table oidc_sign_ins;
create table oidc_used_states (
  state_hash bytea primary key,
  expires_at timestamptz(3) not null
);
create index on oidc_used_states (expires_at);
grant select, insert, delete on oidc_used_states to parley_worker;

-- A code is bought by whoever holds what this is the hash of: the browser that signed in, or the client that began.
delete from oidc_codes;
alter table oidc_codes add column challenge bytea not null;

-- Whoever is known to a provider and is no member was taken out: that is remembered beyond the connection.
alter table oidc_identities
  drop constraint oidc_identities_workspace_id_fkey,
  add foreign key (workspace_id) references workspaces (id) on delete cascade;

-- Whoever accepts an invite names a password for an address that nobody has shown to be theirs: the token was told to the
-- inviter. Its rightful owner, known to a provider, must not be given an account that somebody else can sign in to.
alter table users add column email_verified boolean;
alter table users no force row level security;
alter table invites no force row level security;
update users u set email_verified = not exists (
  select from invites i where i.accepted_at is not null and i.email = lower(u.email)
);
alter table users force row level security;
alter table invites force row level security;
alter table users alter column email_verified set not null;

-- Of somebody whose link waits for the password of the account.
alter table oidc_codes
  add column issuer text,
  add column subject text,
  add check ((issuer is null) = (subject is null));
