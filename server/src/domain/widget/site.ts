/** Where a credential of the widget leads: one agent of one workspace, on the sites that may show it. */
export type Site = {
  workspaceId: string
  mode: 'live' | 'sandbox'
  agentId: string
  /** The plan's ceiling for all visitors of the workspace together; null means none. */
  requestsPerMinute: number | null
  /** Host names, in lower case and ASCII. */
  domains: readonly string[]
}

export type SiteRow = {
  workspace_id: string
  mode: 'live' | 'sandbox'
  agent_id: string
  requests_per_minute: number | null
  domains: string[]
}

export const siteOf = (row: SiteRow): Site => ({
  workspaceId: row.workspace_id,
  mode: row.mode,
  agentId: row.agent_id,
  requestsPerMinute: row.requests_per_minute,
  domains: row.domains,
})

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

/** The host of an `Origin` header, without its port; undefined where a browser would not have written it so. */
const hostOf = (origin: string): string | undefined => {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  const isPage = url?.protocol === 'https:' || url?.protocol === 'http:'
  return url && isPage && url.origin === origin ? url.hostname : undefined
}

/** Whether a page of this origin may show the agent: on an allowed domain, any port; in the sandbox on this machine too. */
export const mayShow = ({ domains, mode }: Site, origin: string): boolean => {
  const host = hostOf(origin)
  if (host === undefined) return false
  return domains.includes(host) || (mode === 'sandbox' && isLoopback(host))
}
