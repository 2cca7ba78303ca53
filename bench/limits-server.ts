import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { openDatabase } from '../server/src/database/open.ts'
import { defineEndpoint, ok } from '../server/src/http/endpoint.ts'
import { openTestApp } from '../server/test/app.ts'

/**
 * The real server with an endpoint that does nothing: once for holders of keys, once for everybody, and once as a bare route.
 * Writes a key and its workspace to a file. Usage: limits-server.ts PORT DATABASE_URL FILE
 */
const [port = '', url = '', file = ''] = process.argv.slice(2)

const nothing = z.object({ ok: z.literal(true) })
const endpoint = (path: string, access: 'any_key' | 'public') =>
  defineEndpoint({
    id: `bench_${access}`,
    method: 'GET',
    path,
    access,
    tag: 'Bench',
    summary: 'Nothing',
    responses: { 200: nothing },
    handler: async () => ok({ ok: true }),
  })

const { app, makeKey, makeWorkspace } = await openTestApp({
  database: await openDatabase({ url, folder: null }),
  endpoints: [endpoint('/bench/key', 'any_key'), endpoint('/bench/open', 'public')],
  settings: { checkResponses: false, trustedProxies: ['127.0.0.1'], allowPlainHttp: true },
  background: true,
})
app.get('/bench/bare', (_request, reply) => reply.type('application/json; charset=utf-8').send('{"ok":true}'))

const workspaceId = await makeWorkspace('live')
await writeFile(file, JSON.stringify({ workspaceId, key: await makeKey({ workspaceId, mode: 'live' }) }))
await app.listen({ port: Number(port), host: '127.0.0.1' })
console.log('listening')
process.on('SIGTERM', () => process.exit(0))
