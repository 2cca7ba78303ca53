import { z } from 'zod'
import { newId } from '../../base/ids.ts'
import type { NewWork } from '../../work/enqueue.ts'

export const noticeKind = 'send_notice'

const About = z.discriminatedUnion('about', [
  /** `sealed`: the token, in base64. */
  z.object({ about: z.literal('invite'), invite_id: z.string(), sealed: z.string() }),
  z.object({
    about: z.literal('event'),
    type: z.string(),
    data: z.unknown(),
    user_id: z.string(),
    /** No more notices of events are mailed to the workspace on that day. */
    is_last: z.boolean(),
  }),
])

/** What a waiting notice carries. `failures`: attempts that count against its schedule. */
export const NoticeWork = z.object({ about: About, failures: z.number(), queued_at: z.string() })

export type NoticeWork = z.output<typeof NoticeWork>

/** What the token of an invite is sealed for. */
export const inviteContext = (inviteId: string): string => `invite:${inviteId}`

/** One mail to one person, in the lane of the workspace. */
export const newNotice = (workspaceId: string, about: z.input<typeof About>, now: Date): NewWork => ({
  workspaceId,
  kind: noticeKind,
  key: workspaceId,
  id: newId(),
  dueAt: now,
  payload: JSON.stringify({ about, failures: 0, queued_at: now.toISOString() } satisfies NoticeWork),
})
