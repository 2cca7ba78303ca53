import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import type { Database } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { eventTypes } from '../../event-types.ts'
import { recordEvent, sequenceEvents } from '../events/index.ts'
import { addMember, insertUser, type Role } from '../users/index.ts'
import { createNoticeFanOut } from './index.ts'
import { NoticeWork } from './notice-work.ts'

/** A member who never signs in, and their address. */
export const makeMember = async (database: Database, workspaceId: string, role: Role = 'owner', now = new Date()) => {
  const email = `${randomUUID()}@acme.test`
  const userId = await insertUser(database.system, { email, name: 'Ada', now, passwordHash: 'none' })
  await addMember(database.system, { workspaceId, userId, role, now })
  return { userId, email }
}

export type Member = Awaited<ReturnType<typeof makeMember>>

type Happening = { workspaceId: string; type: string; subjectId?: string; data?: Record<string, unknown> }

/** Records an event of a declared kind, with its declared example but for what `data` changes. */
export const happen = async (
  database: Database,
  { workspaceId, type, subjectId = newId(), data = {} }: Happening,
): Promise<void> => {
  const event = eventTypes.find((declared) => declared.type === type)
  if (!event) throw new Error(`No kind of event is called ${type}.`)
  await transaction(database.system, (tx) =>
    recordEvent({ workspaceId }, tx, event, {
      subject: { type: 'test', id: subjectId },
      data: { ...(event.example as Record<string, unknown>), ...data },
    }),
  )
}

/** Numbers every event that was recorded before, and queues its notices. */
export const numberAndNotify = async (database: Database, clock: Clock): Promise<void> => {
  const fanOut = createNoticeFanOut(clock)
  for (;;) {
    const { more, held } = await sequenceEvents(database.system, fanOut)
    if (held && !more) return
  }
}

/** What waits to be mailed for a workspace, in the order in which it was queued. */
export const queuedFor = async (database: Database, workspaceId: string): Promise<NoticeWork['about'][]> => {
  const rows = await database.system
    .selectFrom('work_items')
    .select('payload')
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', 'send_notice')
    .orderBy('id')
    .execute()
  return rows.map(({ payload }) => NoticeWork.parse(JSON.parse(payload)).about)
}

/** Who waits to be told of each event, in the order in which it was queued. */
export const toldOf = async (
  database: Database,
  workspaceId: string,
): Promise<{ type: string; user_id: string; is_last: boolean }[]> =>
  (await queuedFor(database, workspaceId)).flatMap((about) =>
    about.about === 'event' ? [{ type: about.type, user_id: about.user_id, is_last: about.is_last }] : [],
  )
