-- Why: whoever a workspace lets in by its provider is vouched for there alone, and must not act for the person elsewhere.
alter table sessions
  add column opened_by text not null default 'password' check (opened_by in ('password', 'oidc'));
