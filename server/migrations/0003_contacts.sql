-- Why: the people a company talks with.
create table contacts (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  name text,
  email text,
  phone text,
  company text,
  external_id text,
  tags text[] not null,
  metadata text not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);
create unique index contacts_external_id_key on contacts (workspace_id, external_id) where external_id is not null;
create index contacts_email on contacts (workspace_id, lower(email)) where email is not null;
call protect_table('contacts');

-- Words of name, e-mail and company, and each tag as `#tag`. Text-search and array operators are not leakproof, so under
-- row-level security no index could serve them; plain equality and ranges on text can be.
create table contact_terms (
  workspace_id uuid not null,
  term text collate "C" not null,
  contact_id uuid not null,
  primary key (workspace_id, term, contact_id),
  foreign key (workspace_id, contact_id) references contacts (workspace_id, id) on delete cascade
);
create index contact_terms_contact on contact_terms (workspace_id, contact_id);
call protect_table('contact_terms');
