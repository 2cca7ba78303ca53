-- Why: nobody who is not signed in fills a table that others need, what a sign-in ends with belongs to one browser and to
-- the owner of an address, and a key goes on with the count of the one that it replaces.

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

-- A key that replaces another goes on with its count: all are counted as the first of them.
alter table api_keys add column counted_as uuid;
alter table api_keys no force row level security;
alter table api_key_calls no force row level security;
with recursive chain as (
  select k.workspace_id, k.id, k.id as first, k.replaced_by from api_keys k
  where not exists (select from api_keys o where o.workspace_id = k.workspace_id and o.replaced_by = k.id)
  union all
  select k.workspace_id, k.id, c.first, k.replaced_by from chain c
  join api_keys k on k.workspace_id = c.workspace_id and k.id = c.replaced_by
)
update api_keys k set counted_as = c.first from chain c where c.workspace_id = k.workspace_id and c.id = k.id;
insert into api_key_calls as c (workspace_id, key_id, month, calls)
select k.workspace_id, k.counted_as, r.month, sum(r.calls) from api_key_calls r
join api_keys k on k.workspace_id = r.workspace_id and k.id = r.key_id
where k.counted_as <> k.id group by k.workspace_id, k.counted_as, r.month
on conflict (workspace_id, key_id, month) do update set calls = c.calls + excluded.calls;
delete from api_key_calls c using api_keys k
where k.workspace_id = c.workspace_id and k.id = c.key_id and k.counted_as <> k.id;
alter table api_keys force row level security;
alter table api_key_calls force row level security;
alter table api_keys
  alter column counted_as set not null,
  add foreign key (workspace_id, counted_as) references api_keys (workspace_id, id);
create index on api_keys (workspace_id, counted_as);
