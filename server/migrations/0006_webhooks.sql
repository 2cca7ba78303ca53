-- Why: who is told of events, and the evidence of every attempt to tell them.
create table webhooks (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  url text not null,
  events text[] not null,
  description text,
  status text not null check (status in ('active', 'paused', 'disabled')),
  disabled_reason text,
  -- Test deliveries in the minute that began at test_minute.
  test_minute timestamptz(3),
  tests smallint not null default 0,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);
call protect_table('webhooks');

create table webhook_secrets (
  workspace_id uuid not null,
  webhook_id uuid not null,
  version smallint not null,
  sealed bytea not null,
  state text not null check (state in ('current', 'previous')),
  created_at timestamptz(3) not null,
  expires_at timestamptz(3),
  primary key (workspace_id, webhook_id, version),
  foreign key (workspace_id, webhook_id) references webhooks (workspace_id, id) on delete cascade
);
call protect_table('webhook_secrets');

-- Finished deliveries only, never changed; pending ones are work items. `event_at` is the time in the ids of both the
-- event and the delivery, so one partition holds all that belongs to an event, and (event_at, id) is the order of the ids.
create table deliveries (
  workspace_id uuid not null,
  event_at timestamptz(3) not null,
  id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  trigger text not null check (trigger in ('event', 'manual', 'replay')),
  -- How often this event was sent on its way to this webhook before, by hand or by replay.
  generation smallint not null,
  status text not null check (status in ('delivered', 'failed', 'skipped')),
  attempts smallint not null,
  http_status smallint,
  error_code text,
  created_at timestamptz(3) not null,
  finished_at timestamptz(3) not null,
  primary key (workspace_id, event_at, id)
) partition by range (event_at);
create index deliveries_webhook on deliveries (workspace_id, webhook_id, event_at, id);
create index deliveries_unsuccessful on deliveries (workspace_id, status, event_at, id) where status <> 'delivered';
call protect_table('deliveries');

create table delivery_attempts (
  workspace_id uuid not null,
  event_at timestamptz(3) not null,
  delivery_id uuid not null,
  number smallint not null,
  -- Of the lease it was made under: a worker that lost its lane may have made the same attempt as its successor.
  epoch bigint not null,
  webhook_id uuid not null,
  at timestamptz(3) not null,
  http_status smallint,
  error_code text,
  remote_address text,
  timings text not null,
  request_headers text not null,
  response_headers text,
  response_body text,
  response_truncated boolean not null,
  primary key (workspace_id, event_at, delivery_id, number, epoch)
) partition by range (event_at);
call protect_table('delivery_attempts');
