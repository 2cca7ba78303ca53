import type { Owned } from './columns.ts'

type EventOutboxTable = Owned & {
  id: string
  created_at: Date
  type: string
  names: string[]
  subject_type: string
  subject_id: string | null
  head: string
  tail: string
}

type EventSequencesTable = Owned & { last: number }

type EventsTable = Owned & {
  created_at: Date
  id: string
  sequence: number
  type: string
  names: string[]
  subject_type: string
  subject_id: string | null
  payload: string
}

/** `day` is written as YYYY-MM-DD. */
type EventDaysTable = Owned & { day: string; first: number; last: number; types: string[] }

/** `day` is written as YYYY-MM-DD. */
type EventSubjectDaysTable = Owned & { subject_id: string; day: string; types: string[] }

type UndeliveredEventsTable = Owned & {
  webhook_id: string
  event_id: string
  event_at: Date
  sequence: number
  type: string
  subject_id: string | null
}

type WorkspaceHistoryTable = Owned & { kept_from: string }

export type EventsTables = {
  event_outbox: EventOutboxTable
  event_sequences: EventSequencesTable
  events: EventsTable
  event_days: EventDaysTable
  event_subject_days: EventSubjectDaysTable
  undelivered_events: UndeliveredEventsTable
  workspace_history: WorkspaceHistoryTable
}
