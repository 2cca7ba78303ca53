import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { VisitorHolder } from './find-visit.ts'

const dayMs = 86_400_000
const idleDays = 30

/** When a secret that is used now expires. */
export const visitEnd = (now: Date): Date => new Date(now.getTime() + idleDays * dayMs)

/** Moves the end of a secret on, at most once a day: it lives thirty days beyond the last day of its use. */
export const prolongVisit = async (
  system: Db,
  { workspaceId, conversationId, expiresAt }: VisitorHolder,
  now: Date,
): Promise<void> => {
  const end = visitEnd(now)
  if (end.getTime() - expiresAt.getTime() < dayMs) return
  await system
    .updateTable('conversation_secrets')
    .set({ expires_at: end })
    .where('workspace_id', '=', workspaceId)
    .where('conversation_id', '=', conversationId)
    .execute()
}

/** Forgets expired secrets, a thousand at a time. */
export const purgeVisits = async (system: Db, now: Date): Promise<void> => {
  for (let purged = 1_000; purged === 1_000; ) {
    const { rows } = await sql`delete from conversation_secrets s
      using (select workspace_id, conversation_id from conversation_secrets where expires_at <= ${now} limit 1000) expired
      where s.workspace_id = expired.workspace_id and s.conversation_id = expired.conversation_id returning 1`.execute(
      system,
    )
    purged = rows.length
  }
}
