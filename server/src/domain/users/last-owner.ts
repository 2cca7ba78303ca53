import { AppError } from '../../base/errors.ts'

/** A workspace without an owner could never have one again. */
export const lastOwner = () =>
  new AppError('CONFLICT', 'This is the last owner of the workspace. Make another member an owner first.')
