import type { Database } from '../src/database/open.ts'

/**
 * What a workspace has recorded and nobody has numbered yet, in order, each event with the data that it tells. Where `type`
 * is given, events of that type alone.
 */
export const recordedEvents = async ({ system }: Pick<Database, 'system'>, workspaceId: string, type?: string) => {
  let query = system.selectFrom('event_outbox').selectAll().where('workspace_id', '=', workspaceId)
  if (type !== undefined) query = query.where('type', '=', type)
  const rows = await query.orderBy('id').execute()
  return rows.map((row) => {
    const { data }: { data: Record<string, unknown> } = JSON.parse(`${row.head}0${row.tail}`)
    return { ...row, data }
  })
}
