-- Why: what is mailed to the people of a workspace is bounded by the day, whatever happens how often.

-- How many notices of a topic were queued in a day of UTC.
create table notice_counts (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  day date not null,
  topic text not null,
  count integer not null,
  primary key (workspace_id, day, topic)
) with (fillfactor = 50);
call protect_table('notice_counts');
