import { createIngestKind } from './domain/knowledge/index.ts'
import { createNoticeKind } from './domain/notices/index.ts'
import { createBackfillKind, createDeliveryKind } from './domain/webhooks/index.ts'
import type { Deps } from './http/deps.ts'
import type { WorkKind } from './work/work-kind.ts'

/** The one list of every kind of background work. */
export const workKinds = (deps: Deps): readonly WorkKind[] => [
  createDeliveryKind(deps),
  createBackfillKind(deps),
  createIngestKind({
    clock: deps.clock,
    log: deps.log,
    http: deps.safeHttp,
    sandboxLoopback: deps.settings.sandboxLoopback,
  }),
  ...(deps.mailer ? [createNoticeKind({ ...deps, mailer: deps.mailer })] : []),
]
