-- Why: one durable log of what happened and one engine for what is still to be done, both filled in the business transaction.

-- Daily partitions make retention a drop instead of a delete. The day of a row is the day of its event's id.
create procedure ensure_day_partition(parent regclass, day date) language plpgsql as $$
declare
  child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
begin
  if to_regclass(child) is null then
    execute format('create table %I partition of %s for values from (%L) to (%L)',
      child, parent, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
  end if;
exception when duplicate_table then null;
end $$;

-- An event waits here, committed with its change, until the sequencer gives it its number and moves it to the log.
-- `head` and `tail` are the exact text of the envelope before and after the number.
create table event_outbox (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  created_at timestamptz(3) not null,
  type text not null,
  names text[] not null,
  subject_type text not null,
  subject_id uuid,
  head text not null,
  tail text not null,
  primary key (workspace_id, id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index on event_outbox (id);
call protect_table('event_outbox');

create table event_sequences (
  workspace_id uuid primary key references workspaces (id) on delete cascade,
  last bigint not null
) with (fillfactor = 50);
call protect_table('event_sequences');

create table events (
  workspace_id uuid not null,
  created_at timestamptz(3) not null,
  id uuid not null,
  sequence bigint not null,
  type text not null,
  names text[] not null,
  subject_type text not null,
  subject_id uuid,
  payload text not null,
  primary key (workspace_id, created_at, id)
) partition by range (created_at);
create index events_sequence on events (workspace_id, sequence);
create index events_type on events (workspace_id, type, sequence);
create index events_subject on events (workspace_id, subject_id, sequence) where subject_id is not null;
call protect_table('events');

-- A lane is what one worker at a time may work on: one webhook endpoint, one workspace's ingestion.
create table lanes (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  kind text not null,
  key uuid not null,
  next_due_at timestamptz(3),
  lease_owner uuid,
  lease_until timestamptz(3),
  epoch bigint not null default 0,
  -- A paused lane keeps collecting work and is not leased.
  paused boolean not null default false,
  primary key (workspace_id, kind, key)
) with (fillfactor = 50);
create index lanes_due on lanes (next_due_at) where next_due_at is not null;
call protect_table('lanes');

-- Only unfinished work: rows are inserted and deleted, never changed in place.
create table work_items (
  workspace_id uuid not null,
  kind text not null,
  key uuid not null,
  band smallint not null,
  due_at timestamptz(3) not null,
  id uuid not null,
  attempt smallint not null,
  payload text not null,
  created_at timestamptz(3) not null,
  primary key (workspace_id, kind, key, band, due_at, id),
  foreign key (workspace_id, kind, key) references lanes (workspace_id, kind, key) on delete cascade
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create unique index work_items_id on work_items (workspace_id, id);
call protect_table('work_items');
