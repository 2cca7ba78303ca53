import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { openTestDatabase } from '../../../test/database.ts'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { recordedEvents } from '../../../test/recorded-events.ts'
import { newId, toWireId } from '../../base/ids.ts'
import { transaction } from '../../database/transaction.ts'
import { type AgentForTurn, createAgent, getAgentForTurn, updateAgent } from '../agents/index.ts'
import { createContact, deleteContact } from '../contacts/index.ts'
import type { Ctx } from '../context.ts'
import {
  type AssistantMessage,
  Conversation,
  type ConversationFilter,
  type ConversationRow,
  createConversation,
  createMessage,
  getConversation,
  getMessage,
  historyOf,
  insertMessage,
  listConversations,
  listMessages,
  lockConversation,
  Message,
  openConversation,
  presentConversation,
  presentMessage,
  reopenConversation,
  requestHandoff,
  resolveConversation,
  updateConversation,
} from './index.ts'

const database = await openTestDatabase()
after(() => database.close())

const makeCaller = async (): Promise<{ ctx: Ctx; agent: AgentForTurn }> => {
  const ctx = makeCtx(database, await makeWorkspace(database))
  await createAgent(ctx, { name: 'Support' })
  return { ctx, agent: await getAgentForTurn(ctx, null) }
}

/** Types and data of the workspace's events, in order. */
const eventsOf = async ({ workspaceId }: Ctx) =>
  (await recordedEvents(database, workspaceId))
    .filter(({ subject_type }) => ['conversation', 'message'].includes(subject_type))
    .map(({ type, names, data }) => ({ type, names, data }))
const typesOf = async (ctx: Ctx): Promise<string[]> => (await eventsOf(ctx)).map(({ type }) => type)

const citation = {
  index: 1,
  source_id: toWireId('knowledgeSource', newId()),
  source_name: 'Handbook',
  document_id: toWireId('knowledgeDocument', newId()),
  title: 'Returns',
  url: null,
  quote: 'Returns are free for 30 days.',
  start: 10,
  end: 39,
  at: 29,
}

const answerOf = (agent: AgentForTurn, inReplyTo: string | null): AssistantMessage => ({
  role: 'assistant',
  content: 'Returns are free for 30 days.',
  status: 'complete',
  inReplyTo,
  agentId: agent.id,
  agentVersionId: agent.current_version_id,
  mode: 'extractive',
  model: 'extractive',
  confidence: 0.8734567891,
  citations: [citation],
  handoff: null,
  usage: { promptTokens: 12, completionTokens: 30 },
})

const handOff = (ctx: Ctx, id: string, reason = 'not_covered') =>
  transaction(ctx.db, async (tx) => requestHandoff(ctx, tx, await lockConversation(ctx, tx, id), reason))

const contents = (rows: { content: string }[]) => rows.map(({ content }) => content)
const firstPage = { limit: 20, after: null }

test('a conversation made from nothing is open, normal, and with the default agent', async () => {
  const { ctx, agent } = await makeCaller()
  const row = await createConversation(ctx, {})
  const shown = Conversation.parse(presentConversation(row))
  assert.equal(shown.agent_id, toWireId('agent', agent.id))
  assert.deepEqual(
    [shown.status, shown.priority, shown.channel, shown.contact_id, shown.handoff, shown.metadata],
    ['open', 'normal', 'api', null, null, {}],
  )
  assert.deepEqual(presentConversation(await getConversation(ctx, row.id)), shown)
  const [event] = await eventsOf(ctx)
  assert.equal(event?.type, 'conversation.opened')
  assert.ok(event?.names.includes('conversation.started'))
  assert.deepEqual(event?.data, shown)
})

test('a turn of a chat is two transactions: the question with its conversation, then the answer', async () => {
  const { ctx, agent } = await makeCaller()
  const question = await transaction(ctx.db, async (tx) => {
    const opened = await openConversation(ctx, tx, { agentId: agent.id, contactId: null, channel: 'widget' })
    return insertMessage(ctx, tx, opened, { role: 'user', content: 'Are returns free?' })
  })
  const { id } = question.conversation
  const answer = await transaction(ctx.db, async (tx) => {
    const messageId = newId()
    const locked = await lockConversation(ctx, tx, id)
    const { message } = await insertMessage(ctx, tx, locked, { ...answerOf(agent, question.message.id), id: messageId })
    assert.equal(message.id, messageId)
    return message
  })
  const shown = Message.parse(presentMessage(await getMessage(ctx, answer.id)))
  assert.deepEqual(shown, presentMessage(answer))
  assert.deepEqual(shown.citations, [citation])
  assert.deepEqual(shown.usage, { prompt_tokens: 12, completion_tokens: 30, total_tokens: 42 })
  assert.equal(shown.agent_version_id, toWireId('agentVersion', agent.current_version_id))
  assert.equal(shown.in_reply_to, toWireId('message', question.message.id))
  assert.equal(shown.author, `agent:${toWireId('agent', agent.id)}`)
  assert.equal(presentMessage(question.message).author, 'contact')
  assert.deepEqual(await typesOf(ctx), ['conversation.opened', 'message.received', 'chat.message.created'])
  const events = await eventsOf(ctx)
  assert.ok(events[2]?.names.includes('aria.message'))
  assert.deepEqual(events[2]?.data, shown)
  assert.deepEqual((await getConversation(ctx, id)).last_message_at, answer.created_at)
})

test('an answer and its hand-off are stored together or not at all', async () => {
  const { ctx, agent } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  const store = (fails: boolean) =>
    transaction(ctx.db, async (tx) => {
      const handoff = { state: 'requested', reason: 'not_covered' } as const
      const locked = await lockConversation(ctx, tx, id)
      const { conversation } = await insertMessage(ctx, tx, locked, { ...answerOf(agent, null), handoff })
      await requestHandoff(ctx, tx, conversation, 'not_covered')
      if (fails) throw new Error('killed')
    })
  await assert.rejects(store(true), /killed/)
  assert.deepEqual(await typesOf(ctx), ['conversation.opened'])
  assert.deepEqual((await listMessages(ctx, id, { ...firstPage, order: 'asc' })).rows, [])
  await store(false)
  assert.deepEqual(await typesOf(ctx), ['conversation.opened', 'chat.message.created', 'conversation.handoff'])
  const { handoff } = presentConversation(await getConversation(ctx, id))
  assert.equal(handoff?.state, 'requested')
  const [event] = (await eventsOf(ctx)).slice(-1)
  assert.ok(event?.names.includes('escalation.triggered') && event.names.includes('conversation.escalated'))
  const [message] = (await listMessages(ctx, id, { ...firstPage, order: 'asc' })).rows
  assert.deepEqual(message && presentMessage(message).handoff, { state: 'requested', reason: 'not_covered' })
})

test('asking twice for a person tells it once and keeps the first reason', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  await handOff(ctx, id, 'asked_for_person')
  await handOff(ctx, id, 'not_covered')
  assert.deepEqual(await typesOf(ctx), ['conversation.opened', 'conversation.handoff'])
  assert.equal((await getConversation(ctx, id)).handoff_reason, 'asked_for_person')
})

test('a person who writes into a handed-off conversation takes it over, and resolving ends that', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  await handOff(ctx, id)
  const message = await createMessage(ctx, id, { content: 'Hello, this is Ada.' })
  assert.equal(message.role, 'human')
  assert.match(message.author, /^api_key:key_/)
  const active = await getConversation(ctx, id)
  assert.equal(active.handoff_state, 'active')
  assert.equal(active.handoff_reason, 'not_covered')
  await createMessage(ctx, id, { content: 'And now it works.' })
  const resolved = presentConversation(await resolveConversation(ctx, id))
  assert.equal(resolved.handoff, null)
  assert.deepEqual(await typesOf(ctx), [
    'conversation.opened',
    'conversation.handoff',
    'conversation.updated',
    'message.sent',
    'message.sent',
    'conversation.resolved',
  ])
})

test('a person who writes where nobody asked for one changes nothing but the log', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  await createMessage(ctx, id, { content: 'A note.' })
  assert.equal((await getConversation(ctx, id)).handoff_state, null)
})

test('resolving and reopening are each refused in the state they lead to', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  await assert.rejects(reopenConversation(ctx, id), { code: 'CONFLICT' })
  const resolved = presentConversation(await resolveConversation(ctx, id))
  assert.equal(resolved.status, 'resolved')
  assert.notEqual(resolved.resolved_at, null)
  await assert.rejects(resolveConversation(ctx, id), { code: 'CONFLICT' })
  const reopened = presentConversation(await reopenConversation(ctx, id))
  assert.equal(reopened.status, 'open')
  assert.equal(reopened.resolved_at, null)
  assert.deepEqual(await typesOf(ctx), ['conversation.opened', 'conversation.resolved', 'conversation.reopened'])
})

test('a customer who writes reopens what was resolved; a person of the team does not', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  await resolveConversation(ctx, id)
  await createMessage(ctx, id, { content: 'One more thing.', role: 'human' })
  assert.equal((await getConversation(ctx, id)).status, 'resolved')
  await createMessage(ctx, id, { content: 'Still broken.', role: 'user' })
  assert.equal((await getConversation(ctx, id)).status, 'open')
  assert.deepEqual((await typesOf(ctx)).slice(2), ['message.sent', 'conversation.reopened', 'message.received'])
})

test('the history of a turn begins at the last resolve and holds the latest messages, oldest first', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  const say = (content: string) => createMessage(ctx, id, { content, role: 'user' })
  const history = async (limit: number) => contents(await historyOf(ctx.db, ctx.workspaceId, id, { limit }))
  await say('old')
  assert.deepEqual(await history(10), ['old'])
  await resolveConversation(ctx, id)
  assert.deepEqual(await history(10), [])
  for (const content of ['a', 'b', 'c']) await say(content)
  assert.deepEqual(await history(10), ['a', 'b', 'c'])
  assert.deepEqual(await history(2), ['b', 'c'])
  assert.deepEqual(await historyOf(ctx.db, newId(), id, { limit: 10 }), [])
})

test('messages page in either order without a gap while new ones are written', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  for (const content of ['1', '2', '3']) await createMessage(ctx, id, { content })
  const first = await listMessages(ctx, id, { limit: 2, after: null, order: 'asc' })
  assert.deepEqual([contents(first.rows), first.hasMore], [['1', '2'], true])
  await createMessage(ctx, id, { content: '4' })
  const second = await listMessages(ctx, id, { limit: 2, after: first.rows[1]?.id ?? null, order: 'asc' })
  assert.deepEqual([contents(second.rows), second.hasMore], [['3', '4'], false])
  const newest = await listMessages(ctx, id, { limit: 3, after: null, order: 'desc' })
  assert.deepEqual([contents(newest.rows), newest.hasMore], [['4', '3', '2'], true])
})

test('a change touches the named fields only, and null empties one', async () => {
  const { ctx } = await makeCaller()
  const contact = await createContact(ctx, { name: 'Alex' })
  const { id } = await createConversation(ctx, { subject: 'Refund', metadata: { order: 1 } })
  const changed = await updateConversation(ctx, id, { priority: 'urgent', contact_id: contact.id })
  assert.deepEqual([changed.subject, changed.priority, changed.metadata], ['Refund', 'urgent', '{"order":1}'])
  await createMessage(ctx, id, { content: 'Hello?', role: 'user' })
  const { rows } = await listMessages(ctx, id, { ...firstPage, order: 'asc' })
  assert.equal(rows[0]?.author, `contact:${toWireId('contact', contact.id)}`)
  const emptied = await updateConversation(ctx, id, { subject: null, contact_id: null })
  assert.deepEqual([emptied.subject, emptied.contact_id], [null, null])
  assert.deepEqual((await typesOf(ctx)).slice(1), ['conversation.updated', 'message.received', 'conversation.updated'])
})

test('a conversation stays when its contact is deleted', async () => {
  const { ctx } = await makeCaller()
  const contact = await createContact(ctx, { name: 'Alex' })
  const { id } = await createConversation(ctx, { contact_id: contact.id })
  await deleteContact(ctx, contact.id)
  assert.equal((await getConversation(ctx, id)).contact_id, null)
})

test('every filter of the list finds what fits it and nothing else', async () => {
  const { ctx } = await makeCaller()
  const second = await createAgent(ctx, { name: 'Sales' })
  const contact = await createContact(ctx, { name: 'Alex' })
  const plain = await createConversation(ctx, {})
  const special = await createConversation(ctx, {
    contact_id: contact.id,
    agent_id: second.id,
    priority: 'urgent',
    channel: 'email',
  })
  await handOff(ctx, special.id)
  const done = await createConversation(ctx, {})
  await resolveConversation(ctx, done.id)
  const found = async (filter: ConversationFilter) =>
    (await listConversations(ctx, filter, firstPage)).rows.map((row: ConversationRow) => row.id)
  assert.deepEqual(await found({}), [done.id, special.id, plain.id])
  assert.deepEqual(await found({ status: 'resolved' }), [done.id])
  for (const filter of [
    { contact_id: contact.id },
    { agent_id: second.id },
    { priority: 'urgent' },
    { channel: 'email' },
    { handoff_state: 'requested' },
    { status: 'open', contact_id: contact.id, priority: 'urgent' },
  ] as const)
    assert.deepEqual(await found(filter), [special.id], JSON.stringify(filter))
  assert.deepEqual(await found({ handoff_state: 'active' }), [])
  const page = await listConversations(ctx, {}, { limit: 1, after: done.id })
  assert.deepEqual([page.rows.map((row) => row.id), page.hasMore], [[special.id], true])
})

test('ids of another workspace are not found, wherever they stand', async () => {
  const [{ ctx }, { ctx: other, agent: foreignAgent }] = [await makeCaller(), await makeCaller()]
  const foreignContact = await createContact(other, { name: 'Foreign' })
  const foreign = await createConversation(other, {})
  const message = await createMessage(other, foreign.id, { content: 'Secret' })
  const own = await createConversation(ctx, {})
  const missing = { code: 'NOT_FOUND' }
  const noContact = { ...missing, param: 'contact_id' }
  const noAgent = { ...missing, param: 'agent_id' }
  await assert.rejects(getConversation(ctx, foreign.id), missing)
  await assert.rejects(updateConversation(ctx, foreign.id, { subject: 'Mine' }), missing)
  await assert.rejects(resolveConversation(ctx, foreign.id), missing)
  await assert.rejects(reopenConversation(ctx, foreign.id), missing)
  await assert.rejects(listMessages(ctx, foreign.id, { ...firstPage, order: 'asc' }), missing)
  await assert.rejects(createMessage(ctx, foreign.id, { content: 'Hi' }), missing)
  await assert.rejects(getMessage(ctx, message.id), missing)
  await assert.rejects(createConversation(ctx, { contact_id: foreignContact.id }), noContact)
  await assert.rejects(createConversation(ctx, { agent_id: foreignAgent.id }), noAgent)
  await assert.rejects(updateConversation(ctx, own.id, { contact_id: foreignContact.id }), noContact)
  await assert.rejects(listConversations(ctx, { contact_id: foreignContact.id }, firstPage), noContact)
  await assert.rejects(listConversations(ctx, { agent_id: foreignAgent.id }, firstPage), noAgent)
})

test('a paused agent keeps its conversations, and people can open more', async () => {
  const { ctx, agent } = await makeCaller()
  await updateAgent(ctx, agent.id, { status: 'paused' })
  assert.equal((await createConversation(ctx, {})).agent_id, agent.id)
})

test('a key may do only what its scopes say, and needs no other scope to name a contact or an agent', async () => {
  const { ctx, agent } = await makeCaller()
  const contact = await createContact(ctx, { name: 'Alex' })
  const writer = makeCtx(database, ctx.workspaceId, { scopes: ['conversations:write'] })
  const { id } = await createConversation(writer, { contact_id: contact.id, agent_id: agent.id })
  const refused = { code: 'FORBIDDEN' }
  await assert.rejects(createMessage(writer, id, { content: 'Hi' }), refused)
  await assert.rejects(listMessages(writer, id, { ...firstPage, order: 'asc' }), refused)
  const reader = makeCtx(database, ctx.workspaceId, { scopes: ['conversations:read', 'messages:read'] })
  assert.equal((await getConversation(reader, id)).id, id)
  await assert.rejects(createConversation(reader, {}), refused)
  await assert.rejects(updateConversation(reader, id, {}), refused)
  await assert.rejects(resolveConversation(reader, id), refused)
  await assert.rejects(reopenConversation(reader, id), refused)
  await assert.rejects(createMessage(reader, id, { content: 'Hi' }), refused)
})

test('messages written at the same moment are all kept, and one of them takes over', async () => {
  const { ctx } = await makeCaller()
  const { id } = await createConversation(ctx, {})
  await handOff(ctx, id)
  await Promise.all(['a', 'b', 'c'].map((content) => createMessage(ctx, id, { content })))
  const { rows } = await listMessages(ctx, id, { ...firstPage, order: 'asc' })
  assert.deepEqual(contents(rows).toSorted(), ['a', 'b', 'c'])
  const types = await typesOf(ctx)
  assert.equal(types.filter((type) => type === 'conversation.updated').length, 1)
  assert.equal(types.filter((type) => type === 'message.sent').length, 3)
})
