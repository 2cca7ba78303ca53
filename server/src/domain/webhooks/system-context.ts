import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'

type Place = { workspaceId: string; mode: Ctx['mode'] }

/** The context of what happens to webhooks with nobody asking for it. */
export const systemContext = (
  tx: Db,
  { workspaceId, mode }: Place,
  { clock, log }: { clock: Clock; log: Log },
): Ctx => ({
  db: tx,
  workspaceId,
  mode,
  actor: { type: 'system', name: 'webhooks' },
  requestId: 'background',
  clock,
  log,
})
