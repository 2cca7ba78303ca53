import { AddressError, type AddressPolicy, checkUrl } from '../base/address.ts'
import { AppError } from '../base/errors.ts'

const publicOnly: AddressPolicy = { allowHttp: false, allowLoopback: false, allowCidrs: [] }
const withLoopback: AddressPolicy = { allowHttp: true, allowLoopback: true, allowCidrs: [] }

/**
 * Where this server goes for a workspace: https on the public internet; for a sandbox also http and this machine, where
 * the server allows it. Always the same two objects, for the client compiles a policy once.
 */
export const outgoingPolicy = (
  mode: 'live' | 'sandbox',
  { sandboxLoopback }: { sandboxLoopback: boolean },
): AddressPolicy => (mode === 'sandbox' && sandboxLoopback ? withLoopback : publicOnly)

/**
 * The URL as it is kept. Throws BAD_REQUEST that names `url`, with a sentence for the person who typed it. It does not ask
 * DNS: a host may be named before it exists, and the addresses behind it are judged at every connection.
 */
export const readOutgoingUrl = (text: string, policy: AddressPolicy): string => {
  try {
    return checkUrl(text, policy).href
  } catch (error) {
    if (error instanceof AddressError) throw new AppError('BAD_REQUEST', error.message, { param: 'url' })
    throw error
  }
}
