import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { transaction } from '../src/database/transaction.ts'
import { Event, type EventType, recordEvent } from '../src/domain/events/index.ts'
import { eventTypes } from '../src/event-types.ts'
import { openTestApp, type TestApp } from './app.ts'
import { eventScenarios, type Stage } from './event-scenarios.ts'
import { makeCtx } from './make.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { makeTenant, type Tenant } from './tenant.ts'

let app: TestApp
const receivers: Receiver[] = []
before(async () => {
  app = await openTestApp({ background: true })
})
after(async () => {
  await Promise.all(receivers.map(({ stop }) => stop()))
  await app.close()
})

const emitted = eventTypes.filter(({ status }) => status === 'emitted')
const announced = eventTypes.filter(({ status }) => status === 'announced')

const setStage = async (): Promise<Stage> => {
  const [tenant, receiver] = await Promise.all([makeTenant(app), newReceiver()])
  return {
    tenant,
    receiver,
    send: async (method, path, body) => {
      const response = await app.call(method, path, { key: tenant.key, ...(body ? { body } : {}) })
      assert.ok(response.status < 300, `${method} ${path} answered ${response.status}: ${response.text}`)
      return response.text === '' ? undefined : response.json()
    },
  }
}

const newReceiver = async (): Promise<Receiver> => {
  const receiver = await startReceiver()
  receivers.push(receiver)
  return receiver
}

// The test's own time limit ends a wait for what never comes.
const until = async <Found>(look: () => Promise<Found | undefined> | Found | undefined): Promise<Found> => {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

type Told = { id: string; type: string }

const inLog = async ({ get }: Tenant, type: string, id?: string): Promise<Told | undefined> =>
  ((await get(`/v1/events?type=${type}&limit=100`)) as { data: Told[] }).data.find(
    (event) => id === undefined || event.id === id,
  )

const received = ({ received }: Receiver, type: string): Told | undefined =>
  received.map(({ body }): Told => JSON.parse(body.toString())).find((event) => event.type === type)

const assertDeclared = ({ type, data }: EventType, event: unknown): void => {
  const envelope = Event.parse(event)
  assert.deepEqual(envelope, event, `${type}: the envelope holds what is not declared`)
  assert.deepEqual([envelope.type, envelope.event], [type, type])
  assert.deepEqual(data.parse(envelope.data), envelope.data, `${type}: data holds what is not declared`)
}

const subscribe = async ({ post }: Tenant, aliases: readonly string[]): Promise<Receiver | undefined> => {
  if (aliases.length === 0) return undefined
  const receiver = await newReceiver()
  await post('/v1/webhooks', { url: receiver.url, events: aliases })
  return receiver
}

for (const eventType of emitted) {
  const { type, aliases, logged } = eventType
  test(`${type} is recorded as declared${aliases.length > 0 ? ', and told to who asked for an alias of it' : ''}`, {
    timeout: 60_000,
  }, async () => {
    const scenario = eventScenarios[type]
    assert.ok(scenario, `event-scenarios.ts does not say what makes ${type} fire`)
    const stage = await setStage()
    const byAlias = await subscribe(stage.tenant, aliases)
    await scenario(stage)
    // What the stage was set with may be in the log too, from before anybody asked for an alias of it.
    const told = byAlias && (await until(() => received(byAlias, type)))
    const event = await until(() => (logged ? inLog(stage.tenant, type, told?.id) : received(stage.receiver, type)))
    assertDeclared(eventType, event)
    if (told) assert.deepEqual(told, event)
  })
}

for (const eventType of announced)
  test(`${eventType.type} is only announced, and who subscribes to any of its names will be told`, {
    timeout: 60_000,
  }, async () => {
    const { type, aliases } = eventType
    assert.ok(!eventScenarios[type], `${type} has a scenario, so it is not only announced`)
    const { tenant } = await setStage()
    for (const name of [type, ...aliases]) {
      const byName = (await subscribe(tenant, [name]))!
      const ctx = makeCtx(app.database, tenant.workspaceId)
      await transaction(ctx.db, (tx) =>
        recordEvent(ctx, tx, eventType, { data: { example: name }, subject: { type: 'test', id: null } }),
      )
      assertDeclared(eventType, await until(() => received(byName, type)))
    }
  })

test('every scenario belongs to a declared event', () => {
  const types = new Set(eventTypes.map(({ type }) => type))
  assert.deepEqual(
    Object.keys(eventScenarios).filter((type) => !types.has(type)),
    [],
  )
})
