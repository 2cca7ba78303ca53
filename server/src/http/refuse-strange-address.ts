import { AppError } from '../base/errors.ts'
import type { Holder } from './authenticate.ts'

/** Throws FORBIDDEN, naming the address, when the key may not be used from there. */
export const refuseStrangeAddress = (holder: Holder, address: string): void => {
  if (!('allowsAddress' in holder) || !holder.allowsAddress || holder.allowsAddress(address)) return
  throw new AppError('FORBIDDEN', `This key may not be used from the address ${address || 'of this connection'}.`, {
    details: { address },
  })
}
