import { AppError } from '../../base/errors.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireUser } from '../context.ts'
import { checkOwnPassword } from './check-password.ts'
import type { Passwords } from './passwords.ts'
import { takeSecondFactor } from './second-factor.ts'

type Input = { password: string; code: string; address: string | undefined }
type Outside = { system: Db; passwords: Passwords; secretBox: SecretBox; remember: (tx: Db) => Promise<void> }

/** Turns the second factor off, with both factors. A wrong code counts as a failed attempt to sign in. */
// scope: it is about the account of whoever calls.
// no event: how a person signs in is theirs, not the workspace's.
export const disableTotp = async (ctx: Ctx, { password, code, address }: Input, outside: Outside): Promise<void> => {
  const { id: userId } = requireUser(ctx)
  const { system, remember } = outside
  const { attempt } = await checkOwnPassword(ctx, { password, address, param: 'password' }, outside)
  const factor = await takeSecondFactor(system, { userId, code, now: ctx.clock.now() }, outside)
  if (factor === 'wrong')
    throw new AppError('UNPROCESSABLE', 'The code is wrong, or was used already.', { param: 'code' })
  await attempt.succeed()
  if (factor !== 'right') throw new AppError('CONFLICT', 'Two-factor sign-in is not on.')
  await transaction(system, async (tx) => {
    await tx.deleteFrom('totp_factors').where('user_id', '=', userId).execute()
    await remember(tx)
  })
}
