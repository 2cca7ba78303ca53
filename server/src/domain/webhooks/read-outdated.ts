import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { LaneId } from '../../work/work-kind.ts'
import { endpointName } from './read-endpoints.ts'

/** What was sent, and to which version of the endpoint. */
export type Sent = { item: LaneId; version: number }

/** Whether something was sent to an endpoint that its webhook has no more: another address, other headers or secrets. */
export const readOutdated = async (tx: Db, sent: readonly Sent[]): Promise<(one: Sent) => boolean> => {
  if (sent.length === 0) return () => false
  const lanes = [...new Map(sent.map(({ item }) => [endpointName(item.workspaceId, item.key), item])).values()]
  const { rows } = await sql<{ workspace_id: string; id: string; endpoint_version: number }>`
    select w.workspace_id, w.id, w.endpoint_version
    from unnest(${lanes.map((lane) => lane.workspaceId)}::uuid[], ${lanes.map((lane) => lane.key)}::uuid[]) as i (workspace_id, id)
    join webhooks w on w.workspace_id = i.workspace_id and w.id = i.id`.execute(tx)
  const versions = new Map(rows.map((row) => [endpointName(row.workspace_id, row.id), row.endpoint_version]))
  return ({ item, version }) => versions.get(endpointName(item.workspaceId, item.key)) !== version
}
