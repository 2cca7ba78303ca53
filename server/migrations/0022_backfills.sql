-- Why: what a receiver missed is brought to it later, in the background, as far as it wants and no faster than it bears.
create table backfills (
  workspace_id uuid not null,
  id uuid not null,
  webhook_id uuid not null,
  from_time timestamptz(3) not null,
  to_time timestamptz(3) not null,
  -- The last event that was looked at; events go by time and id here, the order of the log's key.
  cursor uuid,
  types text[],
  mode text not null check (mode in ('missing', 'failed', 'all')),
  status text not null check (status in ('running', 'completed', 'canceled')),
  estimated bigint not null,
  enqueued bigint not null default 0,
  created_by text not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  finished_at timestamptz(3),
  primary key (workspace_id, id),
  foreign key (workspace_id, webhook_id) references webhooks (workspace_id, id) on delete cascade
);
create index on backfills (workspace_id, webhook_id, id);
call protect_table('backfills');

alter table deliveries drop constraint deliveries_trigger_check;
alter table deliveries add constraint deliveries_trigger_check check (trigger in ('event', 'manual', 'replay', 'backfill'));
