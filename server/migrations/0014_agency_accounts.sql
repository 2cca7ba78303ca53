-- Why: an agency keeps an account for each of its clients, under its own number for it, and has to see that they are there.
alter table workspaces
  -- Both are the agency's words about its client; the client is never shown them.
  add column reference text,
  add column metadata text not null default '{}';

create unique index workspaces_reference_key on workspaces (parent_id, reference)
  where parent_id is not null and reference is not null;

-- Lists of clients run by id.
drop index workspaces_parent_id_idx;
create index workspaces_clients on workspaces (parent_id, id) where parent_id is not null;

-- Reading the row is all that an agency's own requests may do to it: to change it they take the role of the workers.
create policy agency_scope on workspaces for select to parley_request using (parent_id = (select current_workspace()));
