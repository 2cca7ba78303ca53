import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type SitePage = { status?: number; type?: string; body?: string | Buffer; headers?: Record<string, string> }

/** A web site on the loopback. A page is found by its path; `undefined` is a 404. A function may answer otherwise each time. */
export type WebSite = {
  url: string
  pages: Record<string, SitePage | (() => SitePage)>
  /** The paths that were asked for, in order. */
  requests: string[]
  close(): Promise<void>
}

export const startWebSite = async (pages: WebSite['pages'] = {}): Promise<WebSite> => {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    requests.push(path)
    const page = pages[path]
    const {
      status = 200,
      type = 'text/html; charset=utf-8',
      body = '',
      headers = {},
    } = (typeof page === 'function' ? page() : page) ?? { status: 404 }
    response.writeHead(status, { 'content-type': type, ...headers }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pages,
    requests,
    close: async () => {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
