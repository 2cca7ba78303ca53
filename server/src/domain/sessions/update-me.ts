import type { z } from 'zod'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { type Ctx, requireUser } from '../context.ts'
import { checkOwnPassword, getMe, type Me, type Passwords, type UpdateMe } from '../users/index.ts'

type Input = z.output<typeof UpdateMe> & { address: string | undefined }

type Outside = {
  system: Db
  passwords: Passwords
  /** Keeps the answer for a repeated request, in the transaction of the change. */
  remember: (tx: Db, me: z.infer<typeof Me>) => Promise<void>
}

/** The stored form of the new password, once the present one was right; undefined where none is asked for. */
const newPasswordHash = async (ctx: Ctx, input: Input, outside: Outside): Promise<string | undefined> => {
  const { current_password: password, new_password: wanted, address } = input
  if (password === undefined || wanted === undefined) return undefined
  const { attempt } = await checkOwnPassword(ctx, { password, address, param: 'current_password' }, outside)
  await attempt.succeed()
  return outside.passwords.hash(wanted)
}

const endOtherSessions = async (ctx: Ctx, tx: Db): Promise<void> => {
  const { id, sessionId } = requireUser(ctx)
  await tx
    .updateTable('sessions')
    .set({ revoked_at: ctx.clock.now() })
    .where('user_id', '=', id)
    .where('id', '!=', sessionId)
    .where('revoked_at', 'is', null)
    .execute()
}

/** Changes the caller's own account. A new password ends their other sessions, which is why this lives beside them. */
// scope: it is about the account of whoever calls.
// no event: an account belongs to a person, not to a workspace.
export const updateMe = async (ctx: Ctx, input: Input, outside: Outside): Promise<z.infer<typeof Me>> => {
  const { id } = requireUser(ctx)
  const passwordHash = await newPasswordHash(ctx, input, outside)
  return transaction(outside.system, async (tx) => {
    await tx
      .updateTable('users')
      .set({
        ...(input.name === undefined ? {} : { name: input.name }),
        ...(input.avatar_url === undefined ? {} : { avatar_url: input.avatar_url }),
        ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
        updated_at: ctx.clock.now(),
      })
      .where('id', '=', id)
      .execute()
    if (passwordHash !== undefined) await endOtherSessions(ctx, tx)
    const me = await getMe(ctx, { system: tx })
    await outside.remember(tx, me)
    return me
  })
}
