import { randomUUID } from 'node:crypto'
import { makeCtx } from '../../../test/make.ts'
import { newId } from '../../base/ids.ts'
import type { Database } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { addMember } from './add-member.ts'
import { createUser } from './create-user.ts'
import { type Role, roleScopes } from './roles.ts'

export const password = 'correct horse battery'

export type Person = { userId: string; email: string; ctx: Ctx }

/** The context of a signed-in member, as the server builds it from their session. */
const userCtx = (database: Database, workspaceId: string, { userId, role }: { userId: string; role: Role }): Ctx => ({
  ...makeCtx(database, workspaceId),
  actor: { type: 'user', id: userId, sessionId: newId(), scopes: roleScopes[role] },
})

/** A new user with `password` who is a member of the workspace. */
export const makePerson = async (database: Database, workspaceId: string, role: Role = 'owner'): Promise<Person> => {
  const email = `${randomUUID()}@acme.test`
  const now = new Date()
  const userId = await createUser(database.system, { email, name: 'Ada', password, now })
  await addMember(database.system, { workspaceId, userId, role, now })
  return { userId, email, ctx: userCtx(database, workspaceId, { userId, role }) }
}
