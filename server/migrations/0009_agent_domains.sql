-- Why: an agent is embedded only on the sites that its company named.
create table agent_domains (
  workspace_id uuid not null,
  id uuid not null,
  agent_id uuid not null,
  domain text not null,
  created_at timestamptz(3) not null,
  primary key (workspace_id, id),
  constraint agent_domains_domain_key unique (workspace_id, agent_id, domain),
  foreign key (workspace_id, agent_id) references agents (workspace_id, id) on delete cascade
);
call protect_table('agent_domains');
