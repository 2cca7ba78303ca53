-- Why: a receiver can prove that it misses nothing only if its deliveries are counted, and it is kept from harm only if it may say how fast they come.
alter table lanes
  -- How many items were numbered so far. A number is given once, with the commit of the item.
  add column numbered bigint not null default 0,
  -- Null: as many at once as the kind of work allows.
  add column max_running smallint check (max_running > 0),
  add column per_second real check (per_second > 0),
  add column catch_up_per_second real check (catch_up_per_second > 0),
  -- One at a time, by number, each waiting until the one before it is done with.
  add column ordered boolean not null default false;

alter table work_items add column number bigint;
create unique index work_items_number on work_items (workspace_id, kind, key, number);

alter table deliveries add column number bigint;
