import { randomBytes } from 'node:crypto'
import { makeCtx, makeWorkspace } from '../../../test/make.ts'
import { silentLog } from '../../base/log.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import type { Database } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { createPasswords, type Passwords, type Role, roleScopes } from '../users/index.ts'
import { makePerson, password } from '../users/people.fixture.ts'
import { createTokenFormat, findSession, login } from './index.ts'

/** What the server gives the verbs of signing in, with a clock that is moved by hand and counted hashes. */
export const makeSignIn = (database: Database) => {
  const { system } = database
  let ahead = 0
  const real = createPasswords({ running: 2, waiting: 1_000 })
  const judged: (string | undefined)[] = []
  const passwords: Passwords = {
    hash: real.hash,
    matches: (stored, given) => {
      judged.push(stored)
      return real.matches(stored, given)
    },
  }
  const clock = { now: () => new Date(Date.now() + ahead) }
  const tokens = createTokenFormat(randomBytes(32))
  const secretBox = createSecretBox([{ id: 1, key: randomBytes(32) }])
  const forgotten: string[] = []
  const outside = {
    system,
    passwords,
    clock,
    tokens,
    secretBox,
    log: silentLog,
    requestId: 'req_test',
    forgetSession: (id: string) => void forgotten.push(id),
  }

  const signIn = (
    email: string,
    more: { password?: string; totp?: string; address?: string; workspace_id?: string } = {},
  ) => login({ email, password, address: undefined, userAgent: 'test', requestId: 'req_test', ...more }, outside)

  /** The context that the server makes for a token; throws when its session is over. */
  const ctxOf = async (token: string): Promise<Ctx> => {
    const claims = tokens.verify(token, clock.now())
    const holder = claims && (await findSession(system, claims.sessionId, clock.now()))
    if (!holder || holder.suspended) throw new Error('This token is not good.')
    const { userId: id, sessionId, scopes } = holder
    return {
      ...makeCtx(database, holder.workspaceId, { mode: holder.mode }),
      clock,
      actor: { type: 'user', id, sessionId, scopes },
    }
  }

  return {
    outside,
    clock,
    tokens,
    forgotten,
    /** What each password was compared with; undefined where there was no account. */
    judged,
    signIn,
    ctxOf,
    move: (seconds: number) => {
      ahead += seconds * 1_000
    },
    isAlive: async (token: string): Promise<boolean> => ctxOf(token).then(Boolean, () => false),
    makeMember: async (role: Role = 'owner') => {
      const workspaceId = await makeWorkspace(database)
      return { workspaceId, scopes: roleScopes[role], ...(await makePerson(database, workspaceId, role)) }
    },
  }
}
