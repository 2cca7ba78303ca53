import type { ColumnType, GeneratedAlways } from 'kysely'

type SchemaMigrationsTable = { name: string; applied_at: GeneratedAlways<Date> }

type InstallationTable = {
  only_row: ColumnType<boolean, boolean | undefined, never>
  secret_fingerprint: string
}

export type InstallationTables = {
  schema_migrations: SchemaMigrationsTable
  installation: InstallationTable
}
