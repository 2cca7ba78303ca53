-- Why: a long log is read by the day, its oldest days go without stalling a request, and what a receiver did not get is found at once.

-- Which numbers the events of a day have, and of which types they are: a reader opens only the partitions it needs. The ranges
-- of neighbouring days can overlap, for an event that was committed late has a later number. No row: nothing of the day is kept.
create table event_days (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  day date not null,
  first bigint not null,
  last bigint not null,
  types text[] not null,
  primary key (workspace_id, day)
) with (fillfactor = 50);
create index on event_days (day);
call protect_table('event_days');
insert into event_days (workspace_id, day, first, last, types)
select workspace_id, (created_at at time zone 'UTC')::date, min(sequence), max(sequence), array_agg(distinct type)
from events group by 1, 2;

-- Events that failed to reach a webhook, until they do. The healthy have no rows here, and cost nothing.
create table undelivered_events (
  workspace_id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_at timestamptz(3) not null,
  sequence bigint not null,
  type text not null,
  subject_id uuid,
  primary key (workspace_id, webhook_id, event_id),
  foreign key (workspace_id, webhook_id) references webhooks (workspace_id, id) on delete cascade
);
create index undelivered_events_sequence on undelivered_events (workspace_id, sequence);
call protect_table('undelivered_events');
insert into undelivered_events (workspace_id, webhook_id, event_id, event_at, sequence, type, subject_id)
select d.workspace_id, d.webhook_id, e.id, e.created_at, e.sequence, e.type, e.subject_id from (
  select workspace_id, webhook_id, event_id, event_at from deliveries f where status = 'failed' and not exists (
    select from deliveries s where s.workspace_id = f.workspace_id and s.event_at = f.event_at and s.webhook_id = f.webhook_id
      and s.event_id = f.event_id and s.status = 'delivered')
  union
  select workspace_id, key, (payload::json ->> 'event_id')::uuid, null from work_items
  where kind = 'webhook' and (payload::json ->> 'failures')::int > 0
) d
join webhooks w on w.workspace_id = d.workspace_id and w.id = d.webhook_id
join events e on e.workspace_id = d.workspace_id and e.id = d.event_id and (d.event_at is null or e.created_at = d.event_at)
on conflict do nothing;

-- Workspaces whose plan keeps less than the longest: before this day nothing of theirs is left.
create table workspace_history (
  workspace_id uuid primary key references workspaces (id) on delete cascade,
  kept_from date not null
);
call protect_table('workspace_history');

-- Made apart and then attached, which waits for nobody: made as a partition it would keep everybody off the table meanwhile.
create or replace procedure ensure_day_partition(parent regclass, day date) language plpgsql as $$
declare
  child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
begin
  if to_regclass(child) is null then
    execute format('create table %I (like %s including defaults including constraints)', child, parent);
    execute format('alter table %s attach partition %I for values from (%L) to (%L)',
      parent, child, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
  end if;
exception when duplicate_table then null;
end $$;
