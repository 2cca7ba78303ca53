-- Why: a receiver says what it wants to hear of, how fast, in which order, and by which headers it knows us.
alter table webhooks
  -- JSON text: conditions on the envelope that must all hold.
  add column filter text,
  -- Sealed, for they often hold a token; the names are shown, the values never again.
  add column sealed_headers bytea,
  add column header_names text[] not null default '{}',
  add column max_in_flight smallint not null default 8,
  add column max_per_second real,
  add column fifo boolean not null default false,
  add column retry_policy text not null default 'standard' check (retry_policy in ('standard', 'extended'));
