import { sql } from 'kysely'
import type { Db } from '../../database/open.ts'
import type { LaneId } from '../../work/work-kind.ts'
import type { RetryPolicy } from './plan-retry.ts'
import type { StoredSecret } from './webhook-keys.ts'

/** What a delivery needs to know of its webhook. */
export type Endpoint = {
  workspace_id: string
  id: string
  url: string
  status: 'active' | 'paused' | 'disabled'
  mode: 'live' | 'sandbox'
  retry_policy: RetryPolicy
  sealed_headers: Buffer | null
  legacy_version: number | null
  in_trouble: boolean
  endpoint_version: number
  secrets: StoredSecret[]
}

type Row = Omit<Endpoint, 'secrets'> & StoredSecret

export const endpointName = (workspaceId: string, id: string): string => `${workspaceId} ${id}`

/** The webhooks of these lanes by `endpointName`, each with every secret that signs at this moment. */
export const readEndpoints = async (db: Db, lanes: readonly LaneId[], now: Date): Promise<Map<string, Endpoint>> => {
  const distinct = [...new Map(lanes.map((lane) => [endpointName(lane.workspaceId, lane.key), lane])).values()]
  const { rows } = await sql<Row>`
    select w.workspace_id, w.id, w.url, w.status, w.retry_policy, w.sealed_headers, w.legacy_version, w.endpoint_version, o.mode,
      t.webhook_id is not null as in_trouble, s.version, s.sealed, s.state
    from unnest(${distinct.map((lane) => lane.workspaceId)}::uuid[], ${distinct.map((lane) => lane.key)}::uuid[]) as i (workspace_id, id)
    join webhooks w on w.workspace_id = i.workspace_id and w.id = i.id
    join workspaces o on o.id = w.workspace_id
    join webhook_secrets s on s.workspace_id = w.workspace_id and s.webhook_id = w.id
      and (s.state = 'current' or s.expires_at > ${now})
    left join webhook_troubles t on t.workspace_id = w.workspace_id and t.webhook_id = w.id`.execute(db)
  const endpoints = new Map<string, Endpoint>()
  for (const { version, sealed, state, ...row } of rows) {
    const name = endpointName(row.workspace_id, row.id)
    const endpoint = endpoints.get(name) ?? { ...row, secrets: [] }
    endpoint.secrets.push({ version, sealed, state })
    endpoints.set(name, endpoint)
  }
  return endpoints
}
