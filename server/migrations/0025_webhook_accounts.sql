-- Why: an account of deliveries is only worth what it leaves out, so it names what was given up, counts by endpoint, and follows what a backfill made.

alter table webhooks
  -- Goes up with whatever makes it another endpoint: an address, own headers, a secret, or being made active again. What was
  -- sent to an earlier one says nothing of this one.
  add column endpoint_version integer not null default 0;

alter table webhook_troubles
  -- Of the failed deliveries, those of earlier endpoints: they were missed, but nobody is disabled for them.
  add column forgiven_deliveries bigint not null default 0;

-- The numbers of deliveries that never arrived and whose events are no longer kept.
create table expired_numbers (
  workspace_id uuid not null,
  webhook_id uuid not null,
  numbers int8multirange not null,
  primary key (workspace_id, webhook_id),
  foreign key (workspace_id, webhook_id) references webhooks (workspace_id, id) on delete cascade
);
call protect_table('expired_numbers');

alter table backfills
  -- What became of the deliveries it made.
  add column delivered bigint not null default 0,
  add column failed bigint not null default 0,
  add column canceled bigint not null default 0;
-- An event that is numbered asks whether a backfill of its type went over its time already.
create index backfills_window on backfills (workspace_id, to_time) where types is not null and status <> 'canceled';
