import { defineEvent } from '../events/index.ts'
import { LimitReached, PlanChanged } from './contract.ts'

export const planChanged = defineEvent({
  type: 'plan.changed',
  description: 'The plan of the workspace was changed.',
  data: PlanChanged,
})
export const usageLimitReached = defineEvent({
  type: 'usage.limit_reached',
  description: 'A limit of the plan was reached: once for each limit and period, with the last unit it allows.',
  data: LimitReached,
})

export const planEvents = [planChanged, usageLimitReached]
