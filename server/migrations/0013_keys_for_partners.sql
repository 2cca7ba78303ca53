-- Why: a key in a partner's hands works from the partner's addresses alone, and tells of its end before it comes.

alter table api_keys
  -- Addresses and networks in their one spelling; empty: from everywhere.
  add column allowed_addresses text[] not null default '{}',
  -- When the next warning of the end is due; null: none is.
  add column expiry_warning_at timestamptz(3);

update api_keys set expiry_warning_at = expires_at - interval '7 days'
where expires_at > now() and revoked_at is null and replaced_by is null;

create index on api_keys (expiry_warning_at) where expiry_warning_at is not null;
