import { sql } from 'kysely'
import type { z } from 'zod'
import { AddressError, type AddressPolicy, checkUrl } from '../../base/address.ts'
import { AppError } from '../../base/errors.ts'
import { toWireId } from '../../base/ids.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import { recordAudit } from '../audit-logs/index.ts'
import { type Ctx, requireScope } from '../context.ts'
import { recordEvent } from '../events/index.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { refuseBeyondOwn } from '../users/index.ts'
import type { UpdateOidcConnection } from './contract.ts'
import type { Providers } from './create-providers.ts'
import { oidcConnectionUpdated } from './events.ts'
import { forgetLinks } from './forget-links.ts'
import { type ConnectionRow, presentConnection } from './present.ts'
import { ProviderError } from './provider-error.ts'
import { findConnection, secretOwner } from './queries.ts'

type Input = z.output<typeof UpdateOidcConnection>

type Outside = {
  system: Db
  providers: Providers
  secretBox: SecretBox
  settings: { sandboxLoopback: boolean; publicUrl: string }
}

type Setter = { isOwner: boolean; isSandbox: boolean }

// The members of a sandbox are those of its live workspace, which the sandbox itself cannot see.
const readSetter = async (ctx: Ctx, system: Db): Promise<Setter> => {
  const userId = ctx.actor.type === 'user' ? ctx.actor.id : null
  const { rows } = await sql<Setter>`
    select w.sandbox_of is not null as "isSandbox", coalesce(m.role = 'owner', false) as "isOwner"
    from workspaces w
    left join members m on m.workspace_id = coalesce(w.sandbox_of, w.id) and m.user_id = ${userId}::uuid
    where w.id = ${ctx.workspaceId}`.execute(system)
  return rows[0]!
}

const unusable = (message: string) => new AppError('UNPROCESSABLE', message, { param: 'issuer' })

const checkIssuer = (issuer: string, policy: AddressPolicy): void => {
  try {
    const { search, hash } = checkUrl(issuer, policy)
    if (search !== '' || hash !== '') throw unusable('An issuer has neither a query nor a fragment.')
  } catch (error) {
    throw error instanceof AddressError ? unusable(error.message) : error
  }
}

const checkProvider = async (issuer: string, policy: AddressPolicy, providers: Providers): Promise<void> => {
  try {
    await providers.discover(issuer, policy)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    const message = error.code === 'not_verified' ? 'There is no discovery document of a provider.' : error.message
    throw new AppError('UNPROCESSABLE', message, {
      param: 'issuer',
      details: { reason: error.reason ?? error.code },
    })
  }
}

/**
 * Sets up, or replaces, how members sign in with their provider, after asking it for its discovery document. Whoever does
 * this decides who may come in, so they need every right that an admin has. Throws UNPROCESSABLE for a provider that does
 * not answer or says it is another.
 */
export const updateConnection = async (ctx: Ctx, input: Input, outside: Outside): Promise<ConnectionRow> => {
  requireScope(ctx, 'members:write')
  const { secretBox, settings, providers, system } = outside
  const policy = outgoingPolicy(ctx.mode, settings)
  await refuseBeyondOwn(ctx, ctx.db, ['admin'])
  const { isOwner, isSandbox } = await readSetter(ctx, system)
  if (isSandbox && input.create_members)
    throw new AppError('UNPROCESSABLE', 'A sandbox has the members of its live workspace and makes none of its own.', {
      param: 'create_members',
    })
  checkIssuer(input.issuer, policy)
  await checkProvider(input.issuer, policy, providers)
  const now = ctx.clock.now()
  const { client_secret: secret, ...named } = input
  return transaction(ctx.db, async (tx) => {
    const old = await findConnection(tx, ctx.workspaceId)
    const row: ConnectionRow = {
      ...named,
      workspace_id: ctx.workspaceId,
      sealed_secret: secretBox.seal(secret, secretOwner(ctx.workspaceId)),
      signs_in_owners: isOwner,
      created_at: old?.created_at ?? now,
      updated_at: now,
    }
    const { workspace_id: _, created_at: __, ...changes } = row
    await tx
      .insertInto('oidc_connections')
      .values(row)
      .onConflict((conflict) => conflict.column('workspace_id').doUpdateSet(changes))
      .execute()
    await forgetLinks(tx, ctx.workspaceId, { keep: row.issuer })
    await recordEvent(ctx, tx, oidcConnectionUpdated, {
      subject: { type: 'oidc_connection', id: ctx.workspaceId },
      data: presentConnection(row, settings),
    })
    await recordAudit(ctx, tx, {
      action: 'oidc_connection.updated',
      target: { type: 'oidc_connection', id: toWireId('workspace', ctx.workspaceId) },
      detail: {
        issuer_host: new URL(row.issuer).host,
        create_members: row.create_members,
        default_role: row.default_role,
        signs_in_owners: row.signs_in_owners,
      },
    })
    return row
  })
}
