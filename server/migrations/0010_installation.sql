-- Why: a process with another secret key would refuse every API key and could sign no webhook; it must not start here.
create table installation (
  only_row boolean primary key default true check (only_row),
  secret_fingerprint text not null
);
grant select, insert on installation to parley_worker;
