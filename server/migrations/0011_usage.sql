-- Why: a day's chat messages are counted with the message itself, so that a plan's limit is never passed; a limit that was reached is told once.

-- Plans that were made for one customer are not for the others to see.
alter table plans add column listed boolean not null default true;

create table usage_counters (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  metric text not null,
  -- In UTC.
  day date not null,
  -- 0 counts up to a limit. Where there is none, units are spread over 1 to 16: whoever counts would wait for the one before.
  slot smallint not null,
  used bigint not null,
  primary key (workspace_id, metric, day, slot)
) with (fillfactor = 50);
call protect_table('usage_counters');

-- One row for each event `usage.limit_reached`.
create table limits_reached (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  limit_name text not null,
  period_start timestamptz(3) not null,
  -- Another plan in the same period brings another limit.
  limit_value bigint not null,
  created_at timestamptz(3) not null,
  primary key (workspace_id, limit_name, period_start, limit_value)
);
create index on limits_reached (created_at);
call protect_table('limits_reached');
