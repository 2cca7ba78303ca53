import type { AddressPolicy } from '../../base/address.ts'

const publicOnly: AddressPolicy = { allowHttp: false, allowLoopback: false, allowCidrs: [] }
const withLoopback: AddressPolicy = { allowHttp: true, allowLoopback: true, allowCidrs: [] }

/** Where a workspace's sources may be fetched from: https on the public internet; a sandbox also http and this machine. */
export const outgoingPolicy = (mode: 'live' | 'sandbox', sandboxLoopback: boolean): AddressPolicy =>
  mode === 'sandbox' && sandboxLoopback ? withLoopback : publicOnly
