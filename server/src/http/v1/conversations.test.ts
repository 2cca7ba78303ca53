import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { z } from 'zod'
import { openTestApp } from '../../../test/app.ts'
import type { Conversation, Message } from '../../domain/conversations/index.ts'

type ConversationBody = z.infer<typeof Conversation>
type MessageBody = z.infer<typeof Message>
type Page<Item> = { data: Item[]; has_more: boolean; next_cursor: string | null }

const app = await openTestApp()
after(() => app.close())

const makeCaller = async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.call(method, path, { key, body, headers })
  await call('POST', '/v1/agents', { name: 'Support' })
  return call
}

const codeOf = (response: { json: <Body>() => Body }) => response.json<{ error: { code: string } }>().error.code

test('a conversation is opened, written into, resolved and reopened', async () => {
  const call = await makeCaller()
  const contact = (await call('POST', '/v1/contacts', { name: 'Alex' })).json<{ id: string }>()
  const opened = await call('POST', '/v1/conversations', { contact_id: contact.id, subject: 'Refund' })
  assert.equal(opened.status, 201)
  const { id } = opened.json<ConversationBody>()
  const path = `/v1/conversations/${id}`

  const message = await call('POST', `${path}/messages`, { content: 'Where is my refund?', role: 'user' })
  assert.equal(message.status, 201)
  assert.equal(message.json<MessageBody>().author, `contact:${contact.id}`)
  assert.deepEqual((await call('GET', `/v1/messages/${message.json<MessageBody>().id}`)).json(), message.json())

  const patched = await call('PATCH', path, { priority: 'high' })
  assert.deepEqual([patched.status, patched.json<ConversationBody>().priority], [200, 'high'])
  const found = (await call('GET', `/v1/conversations?contact_id=${contact.id}&priority=high&status=open`)).json<
    Page<ConversationBody>
  >()
  assert.deepEqual(found.data, [patched.json()])

  assert.equal((await call('POST', `${path}/resolve`)).json<ConversationBody>().status, 'resolved')
  const again = await call('POST', `${path}/resolve`)
  assert.deepEqual([again.status, codeOf(again)], [409, 'CONFLICT'])
  assert.equal((await call('POST', `${path}/reopen`)).json<ConversationBody>().status, 'open')
  assert.equal((await call('POST', `${path}/reopen`)).status, 409)
})

test('the cursor of a message list carries its order', async () => {
  const call = await makeCaller()
  const { id } = (await call('POST', '/v1/conversations', {})).json<ConversationBody>()
  const path = `/v1/conversations/${id}/messages`
  for (const content of ['1', '2', '3']) await call('POST', path, { content })
  const pageOf = async (query: string) => (await call('GET', `${path}?${query}`)).json<Page<MessageBody>>()
  const contents = (page: Page<MessageBody>) => page.data.map(({ content }) => content)

  const oldest = await pageOf('limit=2')
  assert.deepEqual(contents(oldest), ['1', '2'])
  assert.deepEqual(contents(await pageOf(`cursor=${oldest.next_cursor}`)), ['3'])
  const newest = await pageOf('limit=2&order=desc')
  assert.deepEqual(contents(newest), ['3', '2'])
  const last = await pageOf(`cursor=${newest.next_cursor}`)
  assert.deepEqual([contents(last), last.has_more, last.next_cursor], [['1'], false, null])

  const turned = await call('GET', `${path}?order=asc&cursor=${newest.next_cursor}`)
  assert.deepEqual([turned.status, codeOf(turned)], [400, 'BAD_REQUEST'])
  for (const cursor of ['asc.', 'asc.x', 'up.MTptc2c', '%00', newest.next_cursor?.slice(5)])
    assert.equal((await call('GET', `${path}?cursor=${cursor}`)).status, 400, cursor)
})

test('a repeated request with one key writes one message', async () => {
  const call = await makeCaller()
  const { id } = (await call('POST', '/v1/conversations', {})).json<ConversationBody>()
  const path = `/v1/conversations/${id}/messages`
  const write = () => call('POST', path, { content: 'Once.' }, { 'idempotency-key': 'once' })
  const [first, second] = [await write(), await write()]
  assert.deepEqual(second.json(), first.json())
  assert.equal((await call('GET', path)).json<Page<MessageBody>>().data.length, 1)
})

test('a conversation in a workspace without an agent is refused with what to do', async () => {
  const key = await app.makeKey({ workspaceId: await app.makeWorkspace() })
  const response = await app.call('POST', '/v1/conversations', { key, body: {} })
  assert.deepEqual([response.status, codeOf(response)], [409, 'CONFLICT'])
})

test('bad input is refused by the name of the field', async () => {
  const call = await makeCaller()
  const { id } = (await call('POST', '/v1/conversations', {})).json<ConversationBody>()
  const messages = `/v1/conversations/${id}/messages`
  for (const [method, path, body, param] of [
    ['POST', messages, { content: '' }, 'content'],
    ['POST', messages, { content: ' \n ' }, 'content'],
    ['POST', messages, { content: 'a'.repeat(32_001) }, 'content'],
    ['POST', messages, { content: 'a', role: 'assistant' }, 'role'],
    ['POST', messages, { content: 'a', citations: [] }, 'citations'],
    ['PATCH', `/v1/conversations/${id}`, { status: 'resolved' }, 'status'],
    ['PATCH', `/v1/conversations/${id}`, { priority: 'huge' }, 'priority'],
    ['POST', '/v1/conversations', { channel: 'Fax Machine' }, 'channel'],
    ['GET', '/v1/conversations?status=closed', undefined, 'status'],
    ['GET', '/v1/conversations?contact_id=cnt_1', undefined, 'contact_id'],
  ] as const) {
    const response = await call(method, path, body)
    assert.equal(response.status, 400, response.text)
    assert.equal(response.json<{ error: { param: string } }>().error.param, param)
  }
  assert.equal((await call('POST', messages, { content: '😀'.repeat(16_000) })).status, 201)
})
