import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import type { Ctx } from '../context.ts'
import { openSession, type SignedIn, type TokenFormat } from '../sessions/index.ts'
import { checkPassword, hashSecretToken, type Passwords, type Role } from '../users/index.ts'
import { challengeOf } from './issue-code.ts'
import { linkPerson, refuseOwner } from './link-person.ts'
import { lockConnection } from './lock-connection.ts'
import { getSignInPlace, type SignInPlace } from './queries.ts'

type Input = {
  code: string
  /** From the client, or from the cookie of the browser. */
  verifier: string | undefined
  password: string | undefined
  address: string | undefined
  userAgent: string | undefined
  requestId: string
}

type Outside = { system: Db; clock: Clock; log: Log; tokens: TokenFormat; passwords: Passwords }

const refused = () =>
  new AppError(
    'UNAUTHORIZED',
    'The code is unknown, used, too old, or of a sign-in that another browser or client began. Sign in again.',
  )

const passwordRequired = (message: string) =>
  new AppError('UNAUTHORIZED', message, { details: { password_required: true } })

type Held = { hash: Buffer; workspace_id: string; user_id: string; issuer: string | null; subject: string | null }

const findCode = async (system: Db, { code, verifier }: Input, now: Date): Promise<Held> => {
  const row =
    verifier === undefined
      ? undefined
      : await system
          .selectFrom('oidc_codes')
          .select(['hash', 'workspace_id', 'user_id', 'issuer', 'subject'])
          .where('hash', '=', hashSecretToken(code))
          .where('challenge', '=', challengeOf(verifier))
          .where('expires_at', '>', now)
          .executeTakeFirst()
  if (!row) throw refused()
  return row
}

const memberOf = (system: Db, { homeId }: SignInPlace, userId: string) =>
  system
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['u.id', 'u.email', 'u.name'])
    .select((eb) => eb.ref('m.role').$castTo<Role>().as('role'))
    .where('m.workspace_id', '=', homeId)
    .where('m.user_id', '=', userId)
    .executeTakeFirst()

/** Has whoever the provider knows show that the account is theirs too. Throws UNAUTHORIZED with `password_required`. */
const showPassword = async (email: string, { password, address }: Input, outside: Outside): Promise<void> => {
  if (password === undefined)
    throw passwordRequired(
      'Nobody has vouched for the e-mail address of your account yet: send its `password`, this once.',
    )
  const { system, clock } = outside
  const proof = await checkPassword(system, { email, password, address, now: clock.now() }, outside)
  if (!proof) throw passwordRequired('This is not the password of the account with your e-mail address.')
  await proof.attempt.succeed()
}

// Of many who bring one code at once, one takes it.
const takeCode = async (tx: Db, { hash }: Held): Promise<void> => {
  const { numDeletedRows } = await tx.deleteFrom('oidc_codes').where('hash', '=', hash).executeTakeFirst()
  if (numDeletedRows === 0n) throw refused()
}

const linkNow = async (ctx: Ctx, tx: Db, place: SignInPlace, held: Held, role: Role): Promise<void> => {
  const { issuer, subject, user_id: userId } = held
  if (issuer === null || subject === null) return
  await lockConnection(tx, place, issuer)
  refuseOwner(role, place.connection)
  await linkPerson(ctx, tx, place, { userId, subject })
}

/**
 * Swaps the code that a sign-in led home with for tokens, once, for whoever began it: a code that somebody else brings is
 * refused and not used up. Throws UNAUTHORIZED, with `password_required` where the account is still to be linked.
 */
// scope: the code is the right to do this.
// no event: how a person signs in is theirs, not the workspace's.
export const exchangeCode = async (input: Input, outside: Outside): Promise<z.infer<typeof SignedIn>> => {
  const { system, clock, log, tokens } = outside
  const { address, userAgent, requestId } = input
  const now = clock.now()
  const held = await findCode(system, input, now)
  const place = await getSignInPlace(system, held.workspace_id)
  const known = await memberOf(system, place, held.user_id)
  if (!known) throw refused()
  if (held.subject !== null) await showPassword(known.email, input, outside)
  return transaction(system, async (tx) => {
    await takeCode(tx, held)
    const account = await memberOf(tx, place, held.user_id)
    if (!account) throw refused()
    const { workspaceId, mode, planId } = place
    const actor = { type: 'system', name: 'oidc' } as const
    await linkNow({ db: tx, workspaceId, mode, actor, requestId, clock, log }, tx, place, held, account.role)
    const session = { workspaceId, planId, account, address, userAgent, by: 'oidc', requestId, now } as const
    return openSession(tx, session, { tokens })
  })
}
