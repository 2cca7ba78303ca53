-- Why: who is told of events, and the evidence of every attempt to tell them.
create table webhooks (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  url text not null,
  events text[] not null,
  description text,
  status text not null check (status in ('active', 'paused', 'disabled')),
  disabled_reason text,
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
-- event and the delivery, so one partition holds all that belongs to an event.
create table deliveries (
  workspace_id uuid not null,
  event_at timestamptz(3) not null,
  id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  status text not null check (status in ('delivered', 'failed', 'skipped')),
  attempts smallint not null,
  http_status smallint,
  error_code text,
  trigger text not null,
  finished_at timestamptz(3) not null,
  primary key (workspace_id, event_at, id)
) partition by range (event_at);
create index deliveries_id on deliveries (workspace_id, id);
create index deliveries_webhook on deliveries (workspace_id, webhook_id, id);
create index deliveries_event on deliveries (workspace_id, event_id);
call protect_table('deliveries');

create table delivery_attempts (
  workspace_id uuid not null,
  event_at timestamptz(3) not null,
  delivery_id uuid not null,
  number smallint not null,
  epoch bigint not null,
  webhook_id uuid not null,
  at timestamptz(3) not null,
  http_status smallint,
  error_code text,
  error_message text,
  remote_address text,
  timings text not null,
  request_headers text not null,
  response_headers text,
  response_body text,
  response_truncated boolean not null,
  primary key (workspace_id, event_at, delivery_id, number, epoch)
) partition by range (event_at);
call protect_table('delivery_attempts');
