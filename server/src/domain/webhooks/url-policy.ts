import type { AddressPolicy } from '../../base/address.ts'
import { AddressError, checkUrl } from '../../base/address.ts'
import { AppError } from '../../base/errors.ts'

type Mode = 'live' | 'sandbox'

/** Where deliveries of a workspace may go. Only a sandbox may name http and this machine, where the server allows it. */
export const urlPolicy = (mode: Mode, { sandboxLoopback }: { sandboxLoopback: boolean }): AddressPolicy => {
  const open = mode === 'sandbox' && sandboxLoopback
  return { allowHttp: open, allowLoopback: open, allowCidrs: [] }
}

/**
 * Throws BAD_REQUEST with a sentence for the person who typed the URL. It does not ask DNS: a host may be registered
 * before it exists, and the addresses behind it are judged at every connection.
 */
export const checkWebhookUrl = (url: string, policy: AddressPolicy): void => {
  try {
    checkUrl(url, policy)
  } catch (error) {
    if (error instanceof AddressError) throw new AppError('BAD_REQUEST', error.message, { param: 'url' })
    throw error
  }
}
