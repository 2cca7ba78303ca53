import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import { presentPlan } from '../plans/index.ts'

const isWithin = (limit: unknown, own: unknown): boolean => {
  if (typeof limit === 'boolean') return !limit || own === true
  return own === null || (typeof limit === 'number' && typeof own === 'number' && limit <= own)
}

/** Throws UNPROCESSABLE when there is no such plan, or when one of its limits is wider than in the agency's own. */
export const requirePlanWithin = async (tx: Db, ownId: string, wantedId: string): Promise<void> => {
  const rows = await tx.selectFrom('plans').selectAll().where('id', 'in', [ownId, wantedId]).execute()
  const limitsOf = (wanted: string) => rows.filter(({ id }) => id === wanted).map((row) => presentPlan(row).limits)[0]
  const [wanted, own] = [limitsOf(wantedId), limitsOf(ownId)]
  if (!wanted || !own)
    throw new AppError('UNPROCESSABLE', `There is no plan '${wantedId.slice(0, 80)}'.`, { param: 'plan' })
  const wider = Object.keys(wanted).filter(
    (name) => !isWithin(wanted[name as keyof typeof wanted], own[name as keyof typeof own]),
  )
  if (wider.length === 0) return
  throw new AppError('UNPROCESSABLE', `The plan '${wantedId}' allows more than your own plan: ${wider.join(', ')}.`, {
    param: 'plan',
    details: { wider_limits: wider },
  })
}
