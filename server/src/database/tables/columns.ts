import type { ColumnType } from 'kysely'

/** Starts at 0 when nothing is written. */
export type Counter = ColumnType<number, number | undefined, number>

/** A row of one workspace, which forced row-level security keeps from every other. */
export type Owned = { workspace_id: string }

export type Stamped = { created_at: Date; updated_at: Date }
