import { AppError } from '../../base/errors.ts'
import type { ReachedLimit } from './note-limit-reached.ts'

/** A count of a period has reached what the plan allows. Whoever undoes the refused transaction notes it afterwards. */
export class PlanLimitError extends AppError {
  readonly reached: ReachedLimit
  /** `plan` is null towards those who may not know of it. */
  constructor(message: string, reached: ReachedLimit, plan: string | null) {
    const ofPlan = plan === null ? {} : { plan, limit: reached.limitValue, used: reached.used }
    super('RATE_LIMIT_EXCEEDED', message, {
      retryAfter: Math.max(1, Math.ceil((reached.resetsAt.getTime() - reached.now.getTime()) / 1_000)),
      details: { ...ofPlan, plan_limit: reached.limit, resets_at: reached.resetsAt.toISOString() },
    })
    this.name = 'PlanLimitError'
    this.reached = reached
  }
}
