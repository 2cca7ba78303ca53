-- Why: what an agent is told, and what it may quote.
create table agents (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  name text not null,
  status text not null check (status in ('active', 'paused')),
  is_default boolean not null,
  current_version_id uuid not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);
create unique index agents_one_default on agents (workspace_id) where is_default;
call protect_table('agents');

create table agent_versions (
  workspace_id uuid not null,
  id uuid not null,
  agent_id uuid not null,
  number integer not null,
  snapshot text not null,
  created_by text not null,
  created_at timestamptz(3) not null,
  primary key (workspace_id, id),
  constraint agent_versions_number_key unique (workspace_id, agent_id, number),
  foreign key (workspace_id, agent_id) references agents (workspace_id, id) on delete cascade
);
alter table agents add constraint agents_current_version foreign key (workspace_id, current_version_id)
  references agent_versions (workspace_id, id) deferrable initially deferred;
call protect_table('agent_versions');

create table knowledge_sources (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  id uuid not null,
  type text not null check (type in ('text', 'qa', 'file', 'url', 'crawl', 'openapi')),
  name text not null,
  url text,
  language text not null,
  audience text not null check (audience in ('public', 'internal')),
  status text not null check (status in ('queued', 'processing', 'ready', 'failed')),
  error_code text,
  error_message text,
  -- The version that answers draw on; a re-ingest builds the next one beside it and then swaps.
  version integer not null default 0,
  content_hash text,
  -- The ingest that was asked for last: an older one that is still running changes nothing any more.
  ingest_id uuid not null default gen_random_uuid(),
  progress_done integer not null default 0,
  progress_total integer not null default 0,
  chunk_count integer not null default 0,
  character_count integer not null default 0,
  fetched_at timestamptz(3),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);
call protect_table('knowledge_sources');

-- What the caller handed in, kept so that a re-ingest needs nothing from them.
create table knowledge_uploads (
  workspace_id uuid not null,
  source_id uuid not null,
  file_name text,
  media_type text not null,
  bytes bytea not null,
  primary key (workspace_id, source_id),
  foreign key (workspace_id, source_id) references knowledge_sources (workspace_id, id) on delete cascade
);
call protect_table('knowledge_uploads');

create table knowledge_documents (
  workspace_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  ordinal integer not null,
  title text,
  url text,
  text text not null,
  error text,
  primary key (workspace_id, id),
  foreign key (workspace_id, source_id) references knowledge_sources (workspace_id, id) on delete cascade
);
create index on knowledge_documents (workspace_id, source_id, ordinal);
call protect_table('knowledge_documents');

create table chunks (
  workspace_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  document_id uuid not null,
  ordinal integer not null,
  title_path text[] not null,
  text text not null,
  char_start integer not null,
  char_end integer not null,
  length integer not null,
  content_hash text not null,
  -- What it was indexed by, to take exactly that out of the index again.
  terms text[] not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, source_id) references knowledge_sources (workspace_id, id) on delete cascade,
  foreign key (workspace_id, document_id) references knowledge_documents (workspace_id, id) on delete cascade
);
create index on chunks (workspace_id, source_id, ordinal);
create index on chunks (workspace_id, document_id);
call protect_table('chunks');

-- BM25 from plain tables: a posting a term and chunk, the number of chunks a term occurs in, the totals of a workspace by
-- the text search configuration its texts were read with. The titles above a chunk count twice in `frequency` and `length`.
create table postings (
  workspace_id uuid not null,
  term text collate "C" not null,
  chunk_id uuid not null,
  source_id uuid not null,
  frequency smallint not null,
  length integer not null,
  -- A foreign key to chunks and its index would make an ingest 2.4 times as long: some 130 rows a chunk.
  primary key (workspace_id, term, chunk_id) include (source_id, frequency, length)
);
call protect_table('postings');

create table term_statistics (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  term text collate "C" not null,
  chunks integer not null,
  primary key (workspace_id, term)
) with (fillfactor = 80);
call protect_table('term_statistics');

create table knowledge_statistics (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  config text not null,
  chunks integer not null,
  total_length bigint not null,
  primary key (workspace_id, config)
) with (fillfactor = 50);
call protect_table('knowledge_statistics');
