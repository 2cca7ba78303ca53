import type { Owned } from './columns.ts'

type NoticeCountsTable = Owned & { day: string; topic: string; count: number }

export type NoticesTables = { notice_counts: NoticeCountsTable }
