-- Why: a secret is replaced without dropping a delivery, and a receiver in trouble is told of it before it is given up.
alter table webhooks
  -- The secret that makes the legacy signature while an older one still signs; null for the current one.
  add column legacy_version smallint,
  -- When the last of the older secrets stops signing.
  add column previous_secrets_until timestamptz(3);

create index on webhook_secrets (expires_at) where expires_at is not null;

-- A row for every webhook that has failed since it last succeeded; the healthy have none, and cost nothing.
create table webhook_troubles (
  workspace_id uuid not null,
  webhook_id uuid not null,
  first_failure_at timestamptz(3) not null,
  -- From when on deliveries are missed: earlier than the first failure where it was made active again meanwhile.
  missed_from timestamptz(3) not null,
  last_failure_at timestamptz(3) not null,
  failed_attempts bigint not null,
  -- Deliveries whose last attempt failed: what the receiver has missed.
  failed_deliveries bigint not null,
  -- Hours of the last warning that was given.
  warned smallint not null default 0,
  primary key (workspace_id, webhook_id),
  foreign key (workspace_id, webhook_id) references webhooks (workspace_id, id) on delete cascade
) with (fillfactor = 50);
call protect_table('webhook_troubles');

create index deliveries_missed on deliveries (workspace_id, webhook_id, number) where status <> 'delivered' and number is not null;
