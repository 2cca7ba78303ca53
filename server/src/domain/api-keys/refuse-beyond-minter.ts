import { AppError } from '../../base/errors.ts'
import type { Ctx } from '../context.ts'
import { holdsScope, type Scope } from '../scopes.ts'

// A key that could mint more than it holds would make every scope a suggestion.
export const refuseBeyondMinter = (ctx: Ctx, wanted: readonly Scope[]): void => {
  if (!('scopes' in ctx.actor)) return
  const held = ctx.actor.scopes
  const beyond = wanted.filter((scope) => !holdsScope(held, scope))
  if (beyond.length === 0) return
  throw new AppError('FORBIDDEN', `Nobody can grant scopes that they lack: ${beyond.join(', ')}.`, {
    param: 'scopes',
    details: { missing_scopes: beyond },
  })
}
