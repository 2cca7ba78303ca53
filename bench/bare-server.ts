import { createServer } from 'node:http'
import pg from 'pg'

/**
 * The limit that the server is measured against: bare node:http and bare pg, doing the same work with the same statements
 * and nothing else. Usage: bare-server.ts PORT DATABASE_URL WORKSPACE_ID
 */
const [port = '', url = '', workspaceId = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 10 })

const listText = `select "c".* from "contacts" as "c" where "c"."workspace_id" = $1 order by "c"."id" desc limit $2`
const contactText = `with made as (
    insert into contacts (workspace_id, id, name, email, phone, company, external_id, tags, metadata, created_at, updated_at)
    values ($1, $2, $3, $4, null, $5, null, $6, $7, $8, $8))
  insert into contact_terms (workspace_id, term, contact_id) select $1, term, $2 from unnest($9::text[]) as term`
const outboxText = `insert into event_outbox (workspace_id, id, created_at, type, names, subject_type, subject_id, head, tail)
  values ($1, $2, $3, 'contact.created', '{*,contact.created,contact.*}', 'contact', $4, $5, $6)`

const list = async (): Promise<string> => {
  const { rows } = await pool.query({ name: 'list', text: listText, values: [workspaceId, 21] })
  return JSON.stringify({ data: rows.slice(0, 20), has_more: rows.length > 20 })
}

const create = async (body: { name: string; email: string; company: string; tags: string[] }): Promise<string> => {
  const id = crypto.randomUUID()
  const now = new Date()
  const contact = { id, ...body, created_at: now.toISOString() }
  const words = [...new Set(`${body.name} ${body.company} ${body.email}`.toLowerCase().split(/[^a-z0-9]+/))]
  const client = await pool.connect()
  await client.query('begin')
  await client.query({
    name: 'contact',
    text: contactText,
    values: [workspaceId, id, body.name, body.email, body.company, body.tags, '{}', now, words],
  })
  await client.query({
    name: 'outbox',
    text: outboxText,
    values: [
      workspaceId,
      crypto.randomUUID(),
      now,
      id,
      '{"id":"evt","sequence":',
      `,"data":${JSON.stringify(contact)}}`,
    ],
  })
  await client.query('commit')
  client.release()
  return JSON.stringify(contact)
}

createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = request.method === 'GET' ? await list() : await create(JSON.parse(Buffer.concat(chunks).toString()))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}).listen(Number(port), '127.0.0.1', () => console.log('listening'))
