import { AppError } from '../../base/errors.ts'
import { isUniqueViolation } from '../../database/connection.ts'

/** Turns the refusal of a second account with the same reference into words; anything else goes on as it is. */
export const explainTaken = (error: unknown): never => {
  if (!isUniqueViolation(error, 'workspaces_reference_key')) throw error
  throw new AppError('CONFLICT', 'Another account of yours has this reference already.', { param: 'reference' })
}
