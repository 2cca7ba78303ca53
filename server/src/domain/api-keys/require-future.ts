import { AppError } from '../../base/errors.ts'

/** Throws UNPROCESSABLE when a key would end before it began. */
export const requireFuture = (expiresAt: Date | null, now: Date): void => {
  if (expiresAt && expiresAt <= now)
    throw new AppError('UNPROCESSABLE', 'expires_at must be in the future.', { param: 'expires_at' })
}
