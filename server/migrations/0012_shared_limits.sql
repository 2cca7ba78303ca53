-- Why: several processes keep one limit a minute between them, and a key may have a limit of its own.

alter table plans add column key_requests_per_minute integer check (key_requests_per_minute > 0);
alter table api_keys add column requests_per_minute integer check (requests_per_minute > 0);

-- Emptied when the database crashes, so that a lease costs no write-ahead log: every bucket then begins a fresh minute.
create unlogged table request_windows (
  bucket bytea primary key,
  -- Since 1970.
  minute bigint not null,
  -- What processes took for this minute and for the one before; how much of it the last of them got.
  taken integer not null,
  earlier integer not null,
  granted integer not null
) with (fillfactor = 50);
grant select, insert, update, delete on request_windows to parley_worker;
