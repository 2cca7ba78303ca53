-- Why: who changed what that others depend on, and what became of every request; neither holds a secret or a body.

create table audit_logs (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  -- Also when it happened: UUIDv7.
  id uuid not null,
  created_at timestamptz(3) not null,
  action text not null,
  actor text not null,
  target_type text not null,
  target_id text not null,
  request_id text not null,
  detail text not null,
  primary key (workspace_id, id)
);
create index on audit_logs (workspace_id, action, id);
create index on audit_logs (workspace_id, actor, id);
call protect_table('audit_logs');
-- Append-only by the database itself: what was done stays said.
revoke update, delete on audit_logs from parley_request, parley_worker;

-- One row a request that came with a living credential, written in batches beside the requests. `created_at` is the time
-- in the id, when the answer was sent.
create table request_logs (
  workspace_id uuid not null,
  created_at timestamptz(3) not null,
  id uuid not null,
  key_id uuid,
  method text not null,
  route text not null,
  status smallint not null,
  duration_ms double precision not null,
  bytes_in integer not null,
  -- Null where the answer was a stream.
  bytes_out integer,
  address text not null,
  request_id text not null,
  -- The first 16 hexadecimal digits of the SHA-256 of the Idempotency-Key.
  idempotency_key_hash text,
  error_code text,
  primary key (workspace_id, created_at, id)
) partition by range (created_at);
create index request_logs_request on request_logs (workspace_id, request_id);
call protect_table('request_logs');
revoke insert, update, delete on request_logs from parley_request;
