-- Why: what happened to one object is found on the days on which something did, however long the log is.

-- On which days there are events about an object, and of which types. No reference to workspaces: it would be checked with
-- nearly every event. Ordered by the object, so that what is new, as most objects are, comes to the end of the index.
create table event_subject_days (
  workspace_id uuid not null,
  subject_id uuid not null,
  day date not null,
  types text[] not null
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
-- By the partition, for those are not under row-level security, which hides the log even from its owner.
do $$
declare
  child regclass;
begin
  for child in select inhrelid::regclass from pg_inherits where inhparent = 'events'::regclass order by inhrelid::regclass::text loop
    execute format('insert into event_subject_days (workspace_id, subject_id, day, types)
      select workspace_id, subject_id, (created_at at time zone ''UTC'')::date, array_agg(distinct type) from %s
      where subject_id is not null group by 1, 2, 3', child);
  end loop;
end $$;
alter table event_subject_days add primary key (workspace_id, subject_id, day);
call protect_table('event_subject_days');

-- A long account of what did not arrive is read as the log is: by type and by object too.
create index undelivered_events_type on undelivered_events (workspace_id, type, sequence);
create index undelivered_events_subject on undelivered_events (workspace_id, subject_id, sequence);
