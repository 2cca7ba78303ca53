import type { Selectable } from 'kysely'
import { notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Tables } from '../../database/tables.ts'
import type { Ctx } from '../context.ts'
import { normalEmail } from './email.ts'
import type { Role } from './roles.ts'

export type Account = Pick<Selectable<Tables['users']>, 'id' | 'email' | 'email_verified' | 'name' | 'password_hash'>

const selectAccount = (system: Db) =>
  system.selectFrom('users').select(['id', 'email', 'email_verified', 'name', 'password_hash'])

export const findAccount = (system: Db, email: string): Promise<Account | undefined> =>
  selectAccount(system)
    .where((eb) => eb(eb.fn<string>('lower', ['email']), '=', normalEmail(email)))
    .executeTakeFirst()

export const getAccount = (system: Db, id: string): Promise<Account> =>
  selectAccount(system).where('id', '=', id).executeTakeFirstOrThrow()

/** A person in one workspace; `id` is the user's, `created_at` is since when they are a member. */
export type MemberRow = {
  id: string
  name: string
  email: string
  avatar_url: string | null
  role: Role
  last_seen_at: Date | null
  created_at: Date
}

export const selectMembers = (db: Db, workspaceId: string) =>
  db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['u.id', 'u.name', 'u.email', 'u.avatar_url', 'u.last_seen_at', 'm.created_at'])
    .select((eb) => eb.ref('m.role').$castTo<Role>().as('role'))
    .where('m.workspace_id', '=', workspaceId)

export const getMember = async (db: Db, workspaceId: string, userId: string): Promise<MemberRow> => {
  const row = await selectMembers(db, workspaceId).where('m.user_id', '=', userId).executeTakeFirst()
  if (!row) throw notFound('member', toWireId('user', userId))
  return row
}

/**
 * Puts those who change members of this workspace in a row until their transactions end, and returns its owners. Locking the
 * owners themselves would not do: whoever sees other owners locks other rows, and two of them could wait for each other.
 */
export const lockMembers = async (ctx: Ctx, tx: Db): Promise<{ owners: string[] }> => {
  await tx.selectFrom('workspaces').select('id').where('id', '=', ctx.workspaceId).forNoKeyUpdate().execute()
  const rows = await tx
    .selectFrom('members')
    .select('user_id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('role', '=', 'owner')
    .execute()
  return { owners: rows.map((row) => row.user_id) }
}
