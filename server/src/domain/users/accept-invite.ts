import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import { isUniqueViolation } from '../../database/connection.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { checkPassword } from './check-password.ts'
import type { AcceptInvite } from './contract.ts'
import { insertUser } from './create-user.ts'
import { joinWorkspace } from './join-workspace.ts'
import type { Passwords } from './passwords.ts'
import type { InviteRow } from './present.ts'
import { findAccount, type MemberRow } from './queries.ts'
import type { Role } from './roles.ts'
import { hashSecretToken } from './secret-token.ts'

type Input = z.output<typeof AcceptInvite> & { address: string | undefined; requestId: string }
type Outside = { system: Db; passwords: Passwords; clock: Clock; log: Log }

const noInvite = () =>
  new AppError('NOT_FOUND', 'This invite is unknown, used, withdrawn or expired. Ask for a new one.', {
    param: 'token',
  })

const memberAlready = () => new AppError('CONFLICT', 'This person is a member of the workspace already.')

const findOpen = (system: Db, tokenHash: Buffer, now: Date): Promise<InviteRow | undefined> =>
  system
    .selectFrom('invites')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()

// Of many that accept at once, one changes the row.
const takeInvite = async (tx: Db, { workspace_id, id }: InviteRow, now: Date): Promise<void> => {
  const { numUpdatedRows } = await tx
    .updateTable('invites')
    .set({ accepted_at: now })
    .where('workspace_id', '=', workspace_id)
    .where('id', '=', id)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw noInvite()
}

type Person = { userId: string } | { passwordHash: string }

/** Whoever has an account proves that it is theirs: an invite must not become a way into it. Others get one. */
const identify = async (
  email: string,
  { password, address }: Input,
  { system, passwords, clock }: Outside,
): Promise<Person> => {
  if (!(await findAccount(system, email))) return { passwordHash: await passwords.hash(password) }
  const proof = await checkPassword(system, { email, password, address, now: clock.now() }, { passwords })
  if (!proof)
    throw new AppError('UNAUTHORIZED', 'There is an account with this e-mail address: accept with its password.')
  await proof.attempt.succeed()
  return { userId: proof.account.id }
}

/** Turns an invite into a member, once. Throws NOT_FOUND for a token that is not, or no longer, one. */
// scope: the token is the right to do this, and its holder has no key yet.
// no event: joining the workspace is one, recorded there.
export const acceptInvite = async (input: Input, outside: Outside): Promise<MemberRow> => {
  const { system, clock, log } = outside
  const now = clock.now()
  const invite = await findOpen(system, hashSecretToken(input.token), now)
  if (!invite) throw noInvite()
  const { workspace_id: workspaceId, email } = invite
  const person = await identify(email, input, outside)
  return transaction(system, async (tx) => {
    await takeInvite(tx, invite, now)
    // Whoever invited has seen the token too, so that it was shown proves nothing of the address.
    const userId =
      'userId' in person ? person.userId : await insertUser(tx, { email, name: input.name, now, ...person })
    const actor = { type: 'system', name: 'invites' } as const
    const ctx = { db: tx, workspaceId, mode: 'live', actor, requestId: input.requestId, clock, log } as const
    // The column's check allows the roles alone.
    const role = invite.role as Role
    return joinWorkspace(ctx, tx, { userId, role, detail: { invite_id: toWireId('invite', invite.id) } })
  }).catch((error) => {
    throw isUniqueViolation(error) ? memberAlready() : error
  })
}
