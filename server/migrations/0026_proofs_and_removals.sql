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
