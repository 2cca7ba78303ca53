import { type RawBuilder, sql } from 'kysely'
import { deliveryIdsOf } from './delivery-id.ts'

/**
 * Picks the deliveries of one event, in `deliveries` or, while they wait, in `work_items`. The ids are what an index
 * serves; only the event's own id decides, because ids that two processes make in one millisecond can begin alike.
 */
export const ofEvent = (table: 'deliveries' | 'work_items', eventId: string): RawBuilder<boolean> => {
  const { lowest, highest } = deliveryIdsOf(eventId)
  const named = table === 'deliveries' ? sql.ref('event_id') : sql`payload::json ->> 'event_id'`
  return sql<boolean>`(id between ${lowest} and ${highest} and ${named} = ${eventId})`
}
