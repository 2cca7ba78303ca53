import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import { type Ctx, requireUser } from '../context.ts'
import type { Passwords } from './passwords.ts'
import { type Account, findAccount, getAccount } from './queries.ts'
import { type Attempt, takeAttempt } from './take-attempt.ts'

type Claim = { email: string; password: string; address: string | undefined; now: Date }

/** Whose password was right, and the attempt that is still to be settled. */
export type Proof = { account: Account; attempt: Attempt }

/**
 * Checks who someone says they are; undefined when it is not so. An e-mail address without an account costs the same
 * count, query and hash as one with. Throws RATE_LIMIT_EXCEEDED and SERVICE_UNAVAILABLE.
 */
export const checkPassword = async (
  system: Db,
  { email, password, address, now }: Claim,
  { passwords }: { passwords: Passwords },
): Promise<Proof | undefined> => {
  const attempt = await takeAttempt(system, { email, address, now })
  try {
    const account = await findAccount(system, email)
    const isRight = await passwords.matches(account?.password_hash, password)
    return account && isRight ? { account, attempt } : undefined
  } catch (error) {
    await attempt.giveBack()
    throw error
  }
}

/** Has a signed-in user prove that it is still them. Throws UNPROCESSABLE, naming `param`, when the password is wrong. */
export const checkOwnPassword = async (
  ctx: Ctx,
  { password, address, param }: { password: string; address: string | undefined; param: string },
  { system, passwords }: { system: Db; passwords: Passwords },
): Promise<Proof> => {
  const { email } = await getAccount(system, requireUser(ctx).id)
  const proof = await checkPassword(system, { email, password, address, now: ctx.clock.now() }, { passwords })
  if (!proof) throw new AppError('UNPROCESSABLE', 'This is not your password.', { param })
  return proof
}
