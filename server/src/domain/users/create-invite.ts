import type { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { newId, toWireId } from '../../base/ids.ts'
import type { Mailer } from '../../base/mailer.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { isUniqueViolation } from '../../database/connection.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { actorName, type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { enqueueInvite } from '../notices/index.ts'
import type { CreateInvite } from './contract.ts'
import { normalEmail } from './email.ts'
import { inviteCreated } from './events.ts'
import { type InviteRow, presentInvite } from './present.ts'
import { selectMembers } from './queries.ts'
import { refuseBeyondOwn } from './refuse-beyond-own.ts'
import { revokeOpenInvites } from './revoke-open-invites.ts'
import { hashSecretToken, newSecretToken } from './secret-token.ts'

type Outside = { mailer: Mailer | null; secretBox: SecretBox }

const lifetimeMs = 7 * 86_400_000

const refuseInSandbox = async (ctx: Ctx, tx: Db): Promise<void> => {
  const row = await tx
    .selectFrom('workspaces')
    .select('sandbox_of')
    .where('id', '=', ctx.workspaceId)
    .executeTakeFirst()
  if (row?.sandbox_of)
    throw new AppError(
      'UNPROCESSABLE',
      'A sandbox has the members of its live workspace: invite people there, with a live key or signed in to it.',
    )
}

const refuseMember = async (ctx: Ctx, tx: Db, email: string): Promise<void> => {
  const member = await selectMembers(tx, ctx.workspaceId)
    .where((eb) => eb(eb.fn<string>('lower', ['u.email']), '=', email))
    .executeTakeFirst()
  if (member) throw new AppError('CONFLICT', 'This person is a member of the workspace already.', { param: 'email' })
}

const insertInvite = (tx: Db, row: InviteRow): Promise<InviteRow> =>
  tx
    .insertInto('invites')
    .values(row)
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch((error) => {
      if (!isUniqueViolation(error, 'invites_open_key')) throw error
      throw new AppError('CONFLICT', 'This person is being invited by another request.', { param: 'email' })
    })

const mailInvite = async (ctx: Ctx, tx: Db, row: InviteRow, token: string, outside: Outside): Promise<void> => {
  if (!outside.mailer) return
  const { id, email, created_at: now } = row
  const isQueued = await enqueueInvite(tx, { workspaceId: ctx.workspaceId, id, email, token, now }, outside)
  if (!isQueued)
    ctx.log.warn({ workspace_id: ctx.workspaceId }, 'an invite was not mailed: the limit of the day is reached')
}

/**
 * Invites a person for seven days. The answer, and the mail to the person where the server sends mail, are the only places
 * where the token can ever be read.
 */
export const createInvite = async (
  ctx: Ctx,
  input: z.output<typeof CreateInvite>,
  outside?: Outside,
): Promise<{ row: InviteRow; token: string }> => {
  requireScope(ctx, 'members:write')
  const email = normalEmail(input.email)
  const now = ctx.clock.now()
  const token = newSecretToken('invite')
  return transaction(ctx.db, async (tx) => {
    await refuseInSandbox(ctx, tx)
    await refuseBeyondOwn(ctx, tx, [input.role])
    await refuseMember(ctx, tx, email)
    // Whoever lost the first token must be able to get another; only the newest works.
    await revokeOpenInvites(ctx, tx, email)
    const row = await insertInvite(tx, {
      workspace_id: ctx.workspaceId,
      id: newId(),
      email,
      role: input.role,
      token_hash: hashSecretToken(token),
      invited_by: actorName(ctx.actor),
      created_at: now,
      expires_at: new Date(now.getTime() + lifetimeMs),
      accepted_at: null,
      revoked_at: null,
    })
    await recordEvent(ctx, tx, inviteCreated, {
      subject: { type: 'invite', id: row.id },
      data: presentInvite(row, now),
    })
    await recordAudit(ctx, tx, {
      action: 'invite.created',
      target: { type: 'invite', id: toWireId('invite', row.id) },
      detail: { role: row.role, secret_shown: true },
    })
    if (outside) await mailInvite(ctx, tx, row, token, outside)
    return { row, token }
  })
}
