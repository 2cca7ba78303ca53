import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { promisify } from 'node:util'
import { eventually, type Parley } from './parley.ts'

// What klairo's published page prints, and the client libraries that it names; only the base URL is another.

const run = promisify(execFile)

export const message = 'What was the last client follow-up with Acme Corp?'

/** Teaches the server what its answers to `message` must say. */
export const teachFollowUps = async (parley: Parley, key: string): Promise<void> => {
  const { body } = await parley.call('POST', '/v1/knowledge-sources', {
    key,
    body: {
      type: 'text',
      name: 'Follow-ups',
      content:
        '# Follow-ups\n\nThe last client follow-up with Acme Corp was a call about the Smith proposal on Monday.',
    },
  })
  await eventually(
    async () => (await parley.call('GET', `/v1/knowledge-sources/${body.id}`, { key })).body.status,
    (status) => status === 'ready',
  )
}

export const assertReply = (reply: any): void => {
  assert.match(reply.conversation_id, /^conv_/)
  assert.match(reply.message_id, /^msg_/)
  assert.equal(reply.role, 'assistant')
  assert.match(reply.content, /Smith proposal/)
  assert.equal(new Date(reply.created_at).toISOString(), reply.created_at)
  const { prompt_tokens, completion_tokens, total_tokens } = reply.usage
  assert.equal(prompt_tokens + completion_tokens, total_tokens)
}

/** The printed curl line, run in a shell. Resolves with what it prints. */
export const chatByCurl = async (url: string, token: string): Promise<any> => {
  const line = `curl -s -X POST ${url} \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer ${token}" \\
  -d '{
    "message": "${message}",
    "action": "chat"
  }'`
  return JSON.parse((await run('sh', ['-c', line])).stdout)
}

/** Asks as Python's requests does, whose headers are these to the letter. */
export const chatByRequests = async (url: string, token: string): Promise<any> => {
  const json = JSON.stringify({ message })
  const sent = request(url, {
    method: 'POST',
    headers: {
      'User-Agent': 'python-requests/2.32.3',
      'Accept-Encoding': 'gzip, deflate, br, zstd',
      Accept: '*/*',
      Connection: 'keep-alive',
      Authorization: `Bearer ${token}`,
      'Content-Length': Buffer.byteLength(json),
      'Content-Type': 'application/json',
    },
  })
  sent.end(json)
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['content-encoding'], undefined)
  return JSON.parse(Buffer.concat(await response.toArray()).toString())
}
