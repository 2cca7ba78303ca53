-- Why: a subselect in a policy is planned with each statement, and made the database's part of a list half as dear again.
-- The plain expression is stable, so it still serves an index, and is worked out once.

create or replace procedure protect_table(target regclass, workspace_column name default 'workspace_id') language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy request_scope on %s to parley_request using (%I = nullif(current_setting(''app.workspace_id'', true), '''')::uuid)', target, workspace_column);
  execute format('create policy worker_scope on %s to parley_worker using (true)', target);
  execute format('grant select, insert, update, delete on %s to parley_request, parley_worker', target);
end $$;

do $$
declare
  known record;
begin
  for known in
    select polname, polrelid::regclass as target,
      substring(pg_get_expr(polqual, polrelid) from '^\((\w+) = \( SELECT current_workspace\(\)') as compared
    from pg_policy where polqual is not null
  loop
    if known.compared is not null then
      execute format('alter policy %I on %s using (%I = nullif(current_setting(''app.workspace_id'', true), '''')::uuid)',
        known.polname, known.target, known.compared);
    end if;
  end loop;
end $$;
