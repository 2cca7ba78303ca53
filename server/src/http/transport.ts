import { BlockList, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Settings } from './deps.ts'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4')

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '')

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

const isTrusted = (address: string, trusted: readonly string[]): boolean => {
  const list = new BlockList()
  for (const entry of trusted) {
    const [network = '', prefix] = entry.split('/')
    if (prefix === undefined) list.addAddress(network, familyOf(network))
    else list.addSubnet(network, Number(prefix), familyOf(network))
  }
  return list.check(address, familyOf(address))
}

/**
 * Refuses plain http with UPGRADE_REQUIRED: this server speaks it itself only to a proxy that it trusts to have spoken
 * https, and to this machine. `X-Forwarded-Proto` counts only from a trusted proxy.
 */
export const requireHttps = (request: FastifyRequest, settings: Settings): void => {
  if (settings.allowPlainHttp) return
  const peer = plainAddress(request.socket.remoteAddress ?? '')
  const forwarded = request.headers['x-forwarded-proto']
  const viaProxy = forwarded !== undefined && settings.trustedProxies.length > 0 && isTrusted(peer, settings.trustedProxies)
  const secure = viaProxy ? String(forwarded).split(',')[0]!.trim() === 'https' : isLoopback(peer)
  if (!secure) throw new AppError('UPGRADE_REQUIRED', 'This API is served over HTTPS only. Use https:// in the URL.')
}
