export { enqueueInvite } from './enqueue-invite.ts'
export { createNoticeFanOut } from './fan-out-notices.ts'
export { purgeNoticeCounts } from './purge-notice-counts.ts'
export { createNoticeKind } from './send-notice.work.ts'
