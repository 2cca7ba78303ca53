import { AppError } from '../../base/errors.ts'
import type { ApiKeyRow } from './present.ts'

/** Throws CONFLICT for a key that is over, or that another has replaced. */
export const requireLiving = (row: ApiKeyRow, now: Date, what: 'changed' | 'rotated'): void => {
  if (row.revoked_at || row.replaced_by || (row.expires_at && row.expires_at <= now))
    throw new AppError(
      'CONFLICT',
      `Only a living key can be ${what}: this one is revoked, expired or already replaced.`,
    )
}
