import { AppError } from '../../base/errors.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import type { ConnectionRow } from './present.ts'

/** What the client secret of a workspace is sealed for. */
export const secretOwner = (workspaceId: string): string => `oidc:${workspaceId}`

export const findConnection = (db: Db, workspaceId: string): Promise<ConnectionRow | undefined> =>
  db.selectFrom('oidc_connections').selectAll().where('workspace_id', '=', workspaceId).executeTakeFirst()

/** A connection with the workspace that it is of. `homeId` is where its members are: a sandbox has those of its live one. */
export type SignInPlace = {
  connection: ConnectionRow
  workspaceId: string
  homeId: string
  mode: 'live' | 'sandbox'
  planId: string
}

/**
 * The place where people sign in with a provider. Throws NOT_FOUND, the same for a workspace that is not there as for one
 * without a connection, and FORBIDDEN while it is suspended.
 */
export const getSignInPlace = async (system: Db, workspaceId: string): Promise<SignInPlace> => {
  const connection = await findConnection(system, workspaceId)
  const workspace =
    connection &&
    (await system
      .selectFrom('workspaces')
      .select(['id', 'sandbox_of', 'mode', 'plan_id', 'status'])
      .where('id', '=', workspaceId)
      .executeTakeFirst())
  if (!workspace)
    throw new AppError('NOT_FOUND', 'No sign-in with a provider is set up for this workspace.', { param: 'workspace' })
  if (workspace.status !== 'active') throw new AppError('FORBIDDEN', 'This workspace is suspended.')
  return {
    connection,
    workspaceId,
    homeId: workspace.sandbox_of ?? workspace.id,
    mode: workspace.mode,
    planId: workspace.plan_id,
  }
}

/** Opens the secret that the provider knows this server by. Throws SecretBoxError. */
export const openSecret = (box: SecretBox, { workspace_id, sealed_secret }: ConnectionRow): string =>
  box.open(sealed_secret, secretOwner(workspace_id)).toString()
