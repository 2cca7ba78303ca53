import { createHash, randomBytes } from 'node:crypto'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { base32, stepOfCode } from './totp.ts'

/** What a TOTP secret is sealed for: it opens for its own user alone. */
export const totpContext = (userId: string): string => `totp:${userId}`

/** Ten times 80 random bits, in groups that can be read from paper. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: 10 }, () => base32(randomBytes(10)).match(/.{4}/g)!.join('-').toLowerCase())

/** What is stored of a recovery code, however it was typed. */
export const hashRecoveryCode = (code: string): Buffer =>
  createHash('sha256').update(code.replace(/[\s-]/g, '').toUpperCase()).digest()

type Given = { userId: string; code: string | undefined; now: Date }

const takeCode = async (db: Db, { userId, code, now }: Given & { code: string }, secret: Buffer): Promise<boolean> => {
  const step = stepOfCode(secret, code, now)
  if (step === undefined) return false
  const { numUpdatedRows } = await db
    .updateTable('totp_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

const takeRecoveryCode = async (db: Db, { userId, code }: Given & { code: string }): Promise<boolean> => {
  const { numDeletedRows } = await db
    .deleteFrom('recovery_codes')
    .where('user_id', '=', userId)
    .where('hash', '=', hashRecoveryCode(code))
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** Uses up the code of a user with a second factor; `none` when the user has no such factor. A code is right once. */
// no event: how a person signs in is theirs, not the workspace's.
export const takeSecondFactor = async (
  db: Db,
  given: Given,
  { secretBox }: { secretBox: SecretBox },
): Promise<'none' | 'missing' | 'wrong' | 'right'> => {
  const { userId, code } = given
  const factor = await db
    .selectFrom('totp_factors')
    .select('sealed')
    .where('user_id', '=', userId)
    .where('confirmed_at', 'is not', null)
    .executeTakeFirst()
  if (!factor) return 'none'
  if (code === undefined) return 'missing'
  const isRight = /^\d{6}$/.test(code)
    ? await takeCode(db, { ...given, code }, secretBox.open(factor.sealed, totpContext(userId)))
    : await takeRecoveryCode(db, { ...given, code })
  return isRight ? 'right' : 'wrong'
}
