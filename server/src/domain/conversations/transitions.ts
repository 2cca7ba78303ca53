import { newId } from '../../base/ids.ts'
import type { ConversationRow, MessageRow } from './present.ts'

/** How a conversation changes, without a database: each takes the row as it is and returns it as it will be. */

const noHandoff = { handoff_state: null, handoff_reason: null, handoff_at: null }

/** Closes the matter: nobody is asked for any more, and what is said from now on is another matter. */
export const resolved = (row: ConversationRow, now: Date): ConversationRow => ({
  ...row,
  ...noHandoff,
  status: 'resolved',
  resolved_at: now,
  context_after: newId(),
  updated_at: now,
})

export const reopened = (row: ConversationRow, now: Date): ConversationRow => ({
  ...row,
  status: 'open',
  resolved_at: null,
  updated_at: now,
})

/** Asks for a person; a conversation that already waits for one, or has one, stays as it is. */
export const handedOff = (row: ConversationRow, reason: string, now: Date): ConversationRow =>
  row.handoff_state === null
    ? { ...row, handoff_state: 'requested', handoff_reason: reason, handoff_at: now, updated_at: now }
    : row

/** A customer's message reopens what was resolved; a person's message takes over what was handed off. */
export const withMessage = (row: ConversationRow, role: MessageRow['role'], now: Date): ConversationRow => {
  const next = role === 'user' && row.status === 'resolved' ? reopened(row, now) : row
  const takesOver = role === 'human' && row.handoff_state === 'requested'
  return {
    ...next,
    ...(takesOver ? { handoff_state: 'active', handoff_at: now } : {}),
    last_message_at: now,
    updated_at: now,
  }
}
