import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { originOf } from '../base/networks.ts'
import type { Settings } from './deps.ts'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4')

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '')

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

const trustedList = (trusted: readonly string[]): BlockList => {
  const list = new BlockList()
  for (const entry of trusted) {
    const [network = '', prefix] = entry.split('/')
    if (prefix === undefined) list.addAddress(network, familyOf(network))
    else list.addSubnet(network, Number(prefix), familyOf(network))
  }
  return list
}

const listed = (header: string | string[] | undefined): string[] =>
  header === undefined
    ? []
    : String(header)
        .split(',')
        .map((part) => part.trim())

export type Transport = {
  /**
   * Refuses plain http with UPGRADE_REQUIRED: this server speaks it itself only to a proxy that it trusts to have spoken
   * https, and to this machine. `X-Forwarded-Proto` counts only from a trusted proxy.
   */
  requireHttps(request: FastifyRequest): void
  /** Where the request comes from: the last address that no trusted proxy vouches for as another proxy. */
  addressOf(request: FastifyRequest): string
  /** What limits by address count: that address, or its whole network where one caller has them all. */
  originOf(request: FastifyRequest): string
}

/** Throws RangeError or TypeError when a trusted proxy is not an address or a network. */
export const createTransport = ({
  allowPlainHttp,
  trustedProxies,
}: Pick<Settings, 'allowPlainHttp' | 'trustedProxies'>): Transport => {
  const list = trustedList(trustedProxies)
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && list.check(address, familyOf(address))
  const peerOf = (request: FastifyRequest): string => plainAddress(request.socket.remoteAddress ?? '')

  const addressOf = (request: FastifyRequest): string => {
    const chain = listed(request.headers['x-forwarded-for']).map(plainAddress)
    let address = peerOf(request)
    while (isTrusted(address) && chain.length > 0) {
      const before = chain.pop()!
      if (isIP(before) === 0) break
      address = before
    }
    return address
  }

  return {
    requireHttps: (request) => {
      if (allowPlainHttp) return
      const peer = peerOf(request)
      const [forwarded] = listed(request.headers['x-forwarded-proto'])
      const secure = forwarded !== undefined && isTrusted(peer) ? forwarded.toLowerCase() === 'https' : isLoopback(peer)
      if (!secure)
        throw new AppError('UPGRADE_REQUIRED', 'This API is served over HTTPS only. Use https:// in the URL.')
    },
    addressOf,
    originOf: (request) => originOf(addressOf(request)),
  }
}
