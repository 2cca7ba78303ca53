import { sql } from 'kysely'
import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError, notFound } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import {
  type Account,
  checkPassword,
  type Passwords,
  type Proof,
  takeCodeAttempt,
  takeSecondFactor,
} from '../users/index.ts'
import type { Login, SignedIn } from './contract.ts'
import { noteFailedSignIn } from './note-failed-sign-in.ts'
import { openSession } from './open-session.ts'
import type { TokenFormat } from './token-format.ts'

type Input = z.output<typeof Login> & {
  address: string | undefined
  userAgent: string | undefined
  requestId: string
}
type Outside = { system: Db; passwords: Passwords; secretBox: SecretBox; tokens: TokenFormat; clock: Clock; log: Log }

type Membership = { workspace_id: string; plan_id: string }

// The sandbox has the members of its live workspace.
const findMembership = async (system: Db, userId: string, wanted: string | undefined): Promise<Membership> => {
  const { rows } = await sql<Membership>`
    select w.id as workspace_id, w.plan_id from members m
    join workspaces w on w.id = m.workspace_id or w.sandbox_of = m.workspace_id
    where m.user_id = ${userId} and w.status = 'active'
      and ${wanted === undefined ? sql`w.id = m.workspace_id` : sql`w.id = ${wanted}`}
    order by m.created_at, w.id limit 1`.execute(system)
  const membership = rows[0]
  if (membership) return membership
  if (wanted !== undefined) throw notFound('workspace', toWireId('workspace', wanted), 'workspace_id')
  throw new AppError('FORBIDDEN', 'You are not a member of any workspace. Ask for an invite.')
}

const invalid = () => new AppError('UNAUTHORIZED', 'Invalid credentials.')

// A password that is changed meanwhile ends every session: it must not miss the one that is being opened.
const holdAccount = async (tx: Db, account: Account, now: Date): Promise<void> => {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ last_seen_at: now })
    .where('id', '=', account.id)
    .where('password_hash', '=', account.password_hash)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw invalid()
}

const totpRequired = (message: string) => new AppError('UNAUTHORIZED', message, { details: { totp_required: true } })

// Behind the answer: whether it is written must not be seen in the time the answer takes.
const note = (input: Input, reason: 'password' | 'code', { system, clock, log }: Outside): void => {
  const { email, workspace_id: wanted, address, requestId } = input
  noteFailedSignIn(system, { email, wanted, reason, address, requestId, now: clock.now() }).catch((error) =>
    log.error({ err: error }, 'a failed sign-in could not be noted'),
  )
}

/** Checks the second factor of whoever knows the password. Throws UNAUTHORIZED and RATE_LIMIT_EXCEEDED. */
const checkCode = async (input: Input, { account, attempt }: Proof, outside: Outside): Promise<void> => {
  const { system, clock } = outside
  const now = clock.now()
  const code = input.totp === undefined ? undefined : await takeCodeAttempt(system, account.id, now)
  const factor = await takeSecondFactor(system, { userId: account.id, code: input.totp, now }, outside)
  if (factor === 'missing') {
    await attempt.giveBack()
    throw totpRequired('This account has two-factor sign-in: send the code of the app as `totp`.')
  }
  if (factor === 'wrong') {
    note(input, 'code', outside)
    throw totpRequired('The code is wrong, or was used already.')
  }
  await code?.succeed()
}

/**
 * Opens a session for an e-mail address and its password, and its second factor where there is one. A wrong password and
 * an unknown address are one answer, after the same work: UNAUTHORIZED.
 */
// scope: nobody is signed in yet.
// no event: how a person signs in is theirs, not the workspace's.
export const login = async (input: Input, outside: Outside): Promise<z.infer<typeof SignedIn>> => {
  const { system, clock } = outside
  const now = clock.now()
  const proof = await checkPassword(system, { ...input, now }, outside)
  if (!proof) {
    note(input, 'password', outside)
    throw invalid()
  }
  await checkCode(input, proof, outside)
  const { account, attempt } = proof
  await attempt.succeed()
  const { workspace_id: workspaceId, plan_id: planId } = await findMembership(system, account.id, input.workspace_id)
  return transaction(system, async (tx) => {
    await holdAccount(tx, account, now)
    const { address, userAgent, requestId } = input
    const session = { workspaceId, planId, account, address, userAgent, by: 'password', requestId, now } as const
    return openSession(tx, session, outside)
  })
}
