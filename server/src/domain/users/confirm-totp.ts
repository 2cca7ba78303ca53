import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireUser } from '../context.ts'
import type { RecoveryCodes } from './contract.ts'
import { hashRecoveryCode, newRecoveryCodes, totpContext } from './second-factor.ts'
import { stepOfCode } from './totp.ts'

type Codes = z.infer<typeof RecoveryCodes>

type Outside = { system: Db; secretBox: SecretBox; remember: (tx: Db, codes: Codes) => Promise<void> }

const requireEnrolled = async (tx: Db, userId: string): Promise<Buffer> => {
  const factor = await tx
    .selectFrom('totp_factors')
    .selectAll()
    .where('user_id', '=', userId)
    .forUpdate()
    .executeTakeFirst()
  if (!factor) throw new AppError('CONFLICT', 'Two-factor sign-in was not begun: ask for a secret first.')
  if (factor.confirmed_at) throw new AppError('CONFLICT', 'Two-factor sign-in is on already.')
  return factor.sealed
}

/** Turns the second factor on once a code shows that the device holds its secret. Answers the recovery codes. */
// scope: it is about the account of whoever calls.
// no event: how a person signs in is theirs, not the workspace's.
export const confirmTotp = async (ctx: Ctx, code: string, { system, secretBox, remember }: Outside): Promise<Codes> => {
  const { id: userId } = requireUser(ctx)
  const now = ctx.clock.now()
  return transaction(system, async (tx) => {
    const secret = secretBox.open(await requireEnrolled(tx, userId), totpContext(userId))
    const step = stepOfCode(secret, code, now)
    if (step === undefined)
      throw new AppError('UNPROCESSABLE', 'The code is wrong. Check the clock of your device.', { param: 'code' })
    const codes = { recovery_codes: newRecoveryCodes() }
    await tx
      .updateTable('totp_factors')
      .set({ confirmed_at: now, last_step: step })
      .where('user_id', '=', userId)
      .execute()
    await tx
      .insertInto('recovery_codes')
      .values(codes.recovery_codes.map((text) => ({ user_id: userId, hash: hashRecoveryCode(text) })))
      .execute()
    await remember(tx, codes)
    return codes
  })
}
