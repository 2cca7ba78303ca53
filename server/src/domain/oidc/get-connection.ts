import { AppError } from '../../base/errors.ts'
import { type Ctx, requireScope } from '../context.ts'
import type { ConnectionRow } from './present.ts'
import { findConnection } from './queries.ts'

export const noConnection = () => new AppError('NOT_FOUND', 'No sign-in with a provider is set up for this workspace.')

/** How members of the workspace sign in with their provider. Throws NOT_FOUND where they do not. */
export const getConnection = async (ctx: Ctx): Promise<ConnectionRow> => {
  requireScope(ctx, 'members:write')
  const row = await findConnection(ctx.db, ctx.workspaceId)
  if (!row) throw noConnection()
  return row
}
