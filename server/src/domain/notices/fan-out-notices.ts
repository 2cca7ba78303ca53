import { sql } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import type { Db } from '../../database/open.ts'
import { enqueue, type NewWork } from '../../work/enqueue.ts'
import { type FanOut, rangesTable, type SequencedRange } from '../events/index.ts'
import { countNotice } from './count-notice.ts'
import { eventNotices } from './event-notices.ts'
import { findRecipients, type Recipient } from './find-recipients.ts'
import { newNotice } from './notice-work.ts'

/** How many events of one workspace people are mailed of in a day. */
export const mostPerDay = 20

type Happened = { workspace_id: string; type: string; subject_id: string | null; payload: string }

const types = Object.keys(eventNotices)

// The offset keeps the inner select apart: joined freely, the planner reads the whole day for every batch.
const readHappened = async (tx: Db, ranges: SequencedRange[]): Promise<Happened[]> => {
  const { rows } = await sql<Happened>`
    select r.workspace_id, e.type, e.subject_id, e.payload
    from ${rangesTable(ranges)}
    cross join lateral (
      select type, subject_id, sequence, payload from events e
      where e.workspace_id = r.workspace_id and e.created_at between r.first_at and r.last_at
        and e.sequence between r.first and r.last and e.type = any(${types})
      offset 0
    ) e
    order by r.workspace_id, e.sequence`.execute(tx)
  return rows
}

const isRepeated = async (tx: Db, { workspace_id, type, subject_id }: Happened, now: Date): Promise<boolean> => {
  if (!eventNotices[type]?.isOncePerDay) return false
  const topic = `${type} ${subject_id}`
  return (await countNotice(tx, { workspaceId: workspace_id, topic, now, most: 1 })) === null
}

const noticesOf = async (tx: Db, events: Happened[], recipients: Recipient[], now: Date): Promise<NewWork[]> => {
  const work: NewWork[] = []
  for (const event of events) {
    if (await isRepeated(tx, event, now)) continue
    const { workspace_id: workspaceId, type, payload } = event
    const place = await countNotice(tx, { workspaceId, topic: 'events', now, most: mostPerDay })
    if (place === null) return work
    const about = { about: 'event', type, data: JSON.parse(payload).data, is_last: place === mostPerDay } as const
    for (const { user_id } of recipients) work.push(newNotice(workspaceId, { ...about, user_id }, now))
  }
  return work
}

/** Queues a mail to everybody concerned for each event that people are told of, with the number that the event gets. */
export const createNoticeFanOut =
  (clock: Clock): FanOut =>
  async (tx, ranges) => {
    const happened = await readHappened(tx, ranges)
    if (happened.length === 0) return 0
    const now = clock.now()
    const ofWorkspaces = Map.groupBy(happened, ({ workspace_id }) => workspace_id)
    const recipients = Map.groupBy(
      await findRecipients(tx, [...ofWorkspaces.keys()]),
      ({ workspace_id }) => workspace_id,
    )
    const work: NewWork[] = []
    for (const [workspaceId, events] of ofWorkspaces) {
      const people = recipients.get(workspaceId)
      if (people) work.push(...(await noticesOf(tx, events, people, now)))
    }
    await enqueue(tx, work)
    return work.length
  }
