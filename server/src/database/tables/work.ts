import type { ColumnType } from 'kysely'
import type { Counter, Owned } from './columns.ts'

type LanesTable = Owned & {
  kind: string
  key: string
  next_due_at: Date | null
  lease_owner: string | null
  lease_until: Date | null
  epoch: Counter
  paused: ColumnType<boolean, boolean | undefined, boolean>
  numbered: Counter
  max_running: ColumnType<number | null, number | null | undefined>
  per_second: ColumnType<number | null, number | null | undefined>
  catch_up_per_second: ColumnType<number | null, number | null | undefined>
  ordered: ColumnType<boolean, boolean | undefined>
}

type WorkItemsTable = Owned & {
  kind: string
  key: string
  band: number
  due_at: Date
  id: string
  attempt: number
  payload: string
  number: ColumnType<number | null, number | null | undefined>
  created_at: Date
}

export type WorkTables = {
  lanes: LanesTable
  work_items: WorkItemsTable
}
