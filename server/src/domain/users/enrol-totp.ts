import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireUser } from '../context.ts'
import { checkOwnPassword } from './check-password.ts'
import type { TotpEnrolment } from './contract.ts'
import type { Passwords } from './passwords.ts'
import { totpContext } from './second-factor.ts'
import { base32, otpauthUrl } from './totp.ts'

type Enrolment = z.infer<typeof TotpEnrolment>

type Outside = {
  system: Db
  passwords: Passwords
  secretBox: SecretBox
  /** How the authenticator app names this server. */
  issuer: string
  /** Keeps the answer for a repeated request, in the transaction of the change. */
  remember: (tx: Db, enrolment: Enrolment) => Promise<void>
}

/** Begins a second factor with a new secret, in place of one that was never confirmed. CONFLICT when one is in force. */
// scope: it is about the account of whoever calls.
// no event: how a person signs in is theirs, not the workspace's.
export const enrolTotp = async (
  ctx: Ctx,
  { password, address }: { password: string; address: string | undefined },
  outside: Outside,
): Promise<Enrolment> => {
  const { id: userId } = requireUser(ctx)
  const { system, secretBox, issuer, remember } = outside
  const { account, attempt } = await checkOwnPassword(ctx, { password, address, param: 'password' }, outside)
  await attempt.succeed()
  const secret = randomBytes(20)
  const row = {
    sealed: secretBox.seal(secret, totpContext(userId)),
    confirmed_at: null,
    last_step: 0,
    created_at: ctx.clock.now(),
  }
  return transaction(system, async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('totp_factors')
      .values({ user_id: userId, ...row })
      .onConflict((conflict) =>
        conflict.column('user_id').doUpdateSet(row).where('totp_factors.confirmed_at', 'is', null),
      )
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows === 0n)
      throw new AppError('CONFLICT', 'Two-factor sign-in is on already. Turn it off first to use another device.')
    const enrolment = { secret: base32(secret), otpauth_url: otpauthUrl({ secret, email: account.email, issuer }) }
    await remember(tx, enrolment)
    return enrolment
  })
}
