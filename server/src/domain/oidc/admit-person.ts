import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import type { Ctx } from '../context.ts'
import { type Account, findAccount, insertUser, joinWorkspace, type Role, takeInviteOf } from '../users/index.ts'
import { linkPerson, refuseOwner } from './link-person.ts'
import type { ConnectionRow, GrantedRole } from './present.ts'
import type { SignInPlace } from './queries.ts'
import type { Person } from './read-person.ts'

const refused = (message: string) => new AppError('FORBIDDEN', message)

const checkDomain = ({ email }: Person, { allowed_email_domains: allowed }: ConnectionRow): void => {
  if (allowed.length === 0) return
  if (email === null) throw refused('Your provider has not verified your e-mail address.')
  if (!allowed.includes(email.slice(email.lastIndexOf('@') + 1)))
    throw refused('E-mail addresses of this domain do not sign in to this workspace.')
}

type Known = Pick<Account, 'id' | 'email' | 'name'>

const findByIdentity = (
  tx: Db,
  { workspaceId, connection }: SignInPlace,
  subject: string,
): Promise<Known | undefined> =>
  tx
    .selectFrom('oidc_identities as i')
    .innerJoin('users as u', 'u.id', 'i.user_id')
    .select(['u.id', 'u.email', 'u.name'])
    .where('i.workspace_id', '=', workspaceId)
    .where('i.issuer', '=', connection.issuer)
    .where('i.subject', '=', subject)
    .executeTakeFirst()

const roleOf = async (tx: Db, { homeId }: SignInPlace, userId: string): Promise<Role | undefined> => {
  const row = await tx
    .selectFrom('members')
    .select('role')
    .where('workspace_id', '=', homeId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  // The column's check allows the roles alone.
  return row?.role as Role | undefined
}

const notMember = () => refused('You are not a member of this workspace. Ask for an invite.')

/** Whether admitting this person means an account that is still to be made, and so a password hash for it. */
export const isNewcomer = async (tx: Db, place: SignInPlace, person: Person): Promise<boolean> =>
  person.email !== null &&
  place.connection.create_members &&
  !(await findByIdentity(tx, place, person.subject)) &&
  !(await findAccount(tx, person.email))

const join = async (ctx: Ctx, tx: Db, { connection }: SignInPlace, userId: string): Promise<Role> => {
  if (!connection.create_members) throw notMember()
  // The column's check allows these alone.
  const role = connection.default_role as GrantedRole
  await joinWorkspace(ctx, tx, { userId, role, detail: { by: 'oidc' } })
  return role
}

/**
 * Whoever was linked was a member, so somebody took them out since: the provider's word does not undo that, an invite does.
 * They have no password to accept it with when a sign-in has made them.
 */
const comeBack = async (ctx: Ctx, tx: Db, { workspaceId, homeId }: SignInPlace, account: Known): Promise<Role> => {
  const invite =
    workspaceId === homeId ? await takeInviteOf(tx, { workspaceId, email: account.email, now: ctx.clock.now() }) : null
  if (!invite) throw refused('You were taken out of this workspace. Ask for an invite, then sign in again.')
  const detail = { by: 'oidc', invite_id: toWireId('invite', invite.id) }
  return (await joinWorkspace(ctx, tx, { userId: account.id, role: invite.role, detail })).role
}

type Found = { account: Known; role: Role; needsPassword?: true }

const newcomer = async (ctx: Ctx, tx: Db, place: SignInPlace, person: Person, passwordHash: string): Promise<Found> => {
  const { email, name, subject } = person
  if (email === null) throw notMember()
  const id = await insertUser(tx, { email, name, passwordHash, emailVerified: true, now: ctx.clock.now() })
  const role = await join(ctx, tx, place, id)
  await linkPerson(ctx, tx, place, { userId: id, subject })
  return { account: { id, email, name }, role }
}

/** By the address that the provider has verified: only whoever is a member here already, never an account of elsewhere. */
const byEmail = async (
  ctx: Ctx,
  tx: Db,
  place: SignInPlace,
  { email, subject }: Person,
): Promise<Found | undefined> => {
  if (email === null) throw refused('Your provider has not verified your e-mail address.')
  const account = await findAccount(tx, email)
  const role = account && (await roleOf(tx, place, account.id))
  if (account && role === undefined)
    throw refused(
      'There is an account with this e-mail address that is no member of this workspace. Ask for an invite.',
    )
  if (!account || role === undefined) return undefined
  // The account may be of whoever accepted the invite in their place, who could sign in to it for ever.
  if (!account.email_verified) return { account, role, needsPassword: true }
  await linkPerson(ctx, tx, place, { userId: account.id, subject })
  return { account, role }
}

const find = async (
  ctx: Ctx,
  tx: Db,
  place: SignInPlace,
  person: Person,
  passwordHash: string | undefined,
): Promise<Found> => {
  const account = await findByIdentity(tx, place, person.subject)
  if (account)
    return { account, role: (await roleOf(tx, place, account.id)) ?? (await comeBack(ctx, tx, place, account)) }
  const member = await byEmail(ctx, tx, place, person)
  if (member) return member
  if (passwordHash === undefined) throw notMember()
  return newcomer(ctx, tx, place, person, passwordHash)
}

/** Who somebody is here; `needsPassword` where they are not linked until they have shown the password of the account. */
export type Admitted = { account: Known; needsPassword: boolean }

/**
 * Finds, links or makes the member that a person at the provider is here. `passwordHash` is for an account that is still to
 * be made. Throws FORBIDDEN; then nothing of the transaction may stay.
 */
// scope: the provider's word is the right to do this.
export const admitPerson = async (
  ctx: Ctx,
  tx: Db,
  place: SignInPlace,
  person: Person,
  passwordHash: string | undefined,
): Promise<Admitted> => {
  checkDomain(person, place.connection)
  const { account, role, needsPassword = false } = await find(ctx, tx, place, person, passwordHash)
  refuseOwner(role, place.connection)
  return { account, needsPassword }
}
