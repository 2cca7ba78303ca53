import type { Selectable } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { Tables } from '../../database/tables.ts'

export type PlanRow = Selectable<Tables['plans']>

/** The plans from the tightest to the widest. */
export const selectPlans = (db: Db) =>
  db
    .selectFrom('plans')
    .selectAll('plans')
    .orderBy('plans.requests_per_minute', (order) => order.asc().nullsLast())
    .orderBy('plans.key_calls_per_month', (order) => order.asc().nullsLast())
    .orderBy('plans.id')
