import { randomUUID } from 'node:crypto'
import { sequenceEvents } from '../src/domain/events/index.ts'
import { addMember, createUser, type Role } from '../src/domain/users/index.ts'
import { createFanOut } from '../src/domain/webhooks/index.ts'
import type { TestApp, TestResponse } from './app.ts'

/** A workspace with a default agent, and a key of it that may do everything. */
export type Tenant = {
  app: TestApp
  workspaceId: string
  key: string
  /** The owner, signed in. */
  session: string
  owner: { email: string; userId: string }
  /** Of the default agent. */
  widgetKey: string
  /** A visitor's conversation with the default agent. */
  visit: { id: string; secret: string }
  /** Creates through the API; throws when that is refused. */
  post: (path: string, body?: unknown) => Promise<Record<string, unknown>>
  get: (path: string) => Promise<Record<string, unknown>>
  /** Gives waiting events their numbers and their deliveries. */
  sequence: () => Promise<void>
}

export const password = 'correct horse battery'

/** A person who signs in for one request, so that what they do to their account or session is nobody else's. */
export const newSession = async ({ app, workspaceId }: Pick<Tenant, 'app' | 'workspaceId'>, role: Role = 'owner') => {
  const now = new Date()
  const email = `${randomUUID()}@acme.test`
  const userId = await createUser(app.database.system, { email, name: 'Ada', password, now })
  await addMember(app.database.system, { workspaceId, userId, role, now })
  const signedIn = await app.call('POST', '/v1/auth/login', { body: { email, password } })
  return { email, userId, ...signedIn.json<{ token: string; refresh_token: string }>() }
}

export const expectSuccess = (what: string, response: TestResponse): Record<string, unknown> => {
  if (response.status >= 300) throw new Error(`${what} answered ${response.status}: ${response.text}`)
  return response.json()
}

const startVisit = async (app: TestApp, widgetKey: string): Promise<Tenant['visit']> => {
  const started = await app.call('POST', '/widget/v1/conversations', { key: widgetKey, body: {} })
  const { conversation_id, conversation_secret } = expectSuccess('opening a visit', started)
  return { id: String(conversation_id), secret: String(conversation_secret) }
}

export const makeTenant = async (app: TestApp, made?: string): Promise<Tenant> => {
  const workspaceId = made ?? (await app.makeWorkspace())
  const key = await app.makeKey({ workspaceId })
  const { token: session, email, userId } = await newSession({ app, workspaceId })
  const fanOut = createFanOut(app.deps.clock)
  const tenant: Tenant = {
    app,
    workspaceId,
    key,
    session,
    owner: { email, userId },
    widgetKey: '',
    visit: { id: '', secret: '' },
    post: async (path, body = {}) => expectSuccess(`POST ${path}`, await app.call('POST', path, { key, body })),
    get: async (path) => expectSuccess(`GET ${path}`, await app.call('GET', path, { key })),
    sequence: async () => {
      for (;;) {
        const { more, held } = await sequenceEvents(app.database.system, fanOut)
        if (held && !more) return
      }
    },
  }
  const { id } = await tenant.post('/v1/agents', { name: 'Support', is_default: true })
  const { key: widgetKey } = await tenant.post(`/v1/agents/${id}/widget-keys`)
  return { ...tenant, widgetKey: String(widgetKey), visit: await startVisit(app, String(widgetKey)) }
}
