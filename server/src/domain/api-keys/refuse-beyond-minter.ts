import { AppError } from '../../base/errors.ts'
import type { Ctx } from '../context.ts'
import { holdsScope, type Scope } from '../scopes.ts'

// They reach beyond the client that the key would be for.
const ofAgencies: readonly Scope[] = ['accounts:write', 'workspaces:act']

const refuseForClient = (ctx: Ctx, wanted: readonly Scope[]): void => {
  const agencyOnly = 'agencyId' in ctx.actor ? wanted.filter((scope) => ofAgencies.includes(scope)) : []
  if (agencyOnly.length === 0) return
  throw new AppError('FORBIDDEN', `A key for a client cannot hold what is for agencies: ${agencyOnly.join(', ')}.`, {
    param: 'scopes',
    details: { agency_scopes: agencyOnly },
  })
}

// A key that could mint more than it holds would make every scope a suggestion.
export const refuseBeyondMinter = (ctx: Ctx, wanted: readonly Scope[]): void => {
  if (!('scopes' in ctx.actor)) return
  refuseForClient(ctx, wanted)
  const held = ctx.actor.scopes
  const beyond = wanted.filter((scope) => !holdsScope(held, scope))
  if (beyond.length === 0) return
  throw new AppError('FORBIDDEN', `Nobody can grant scopes that they lack: ${beyond.join(', ')}.`, {
    param: 'scopes',
    details: { missing_scopes: beyond },
  })
}
