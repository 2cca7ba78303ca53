import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { withoutDottedTail } from './address.ts'

type Ip = ipaddr.IPv4 | ipaddr.IPv6
type Network = { base: Ip; bits: number }

const mappedBits = 96

// node's own grammar first: ipaddr.js would also read octal, hexadecimal and shortened IPv4.
const parseIp = (text: string): Ip | undefined =>
  isIP(text) === 0 || text.includes('%') ? undefined : ipaddr.parse(isIP(text) === 6 ? withoutDottedTail(text) : text)

const sizeOf = (ip: Ip): number => (ip.kind() === 'ipv4' ? 32 : 128)

const isMapped = (ip: Ip): ip is ipaddr.IPv6 => ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress()

const parseNetwork = (text: string): Network | undefined => {
  const [address = '', prefix, ...rest] = text.split('/')
  const ip = parseIp(address)
  if (!ip || rest.length > 0 || (prefix !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(prefix))) return undefined
  const bits = prefix === undefined ? sizeOf(ip) : Number(prefix)
  if (bits > sizeOf(ip)) return undefined
  if (!isMapped(ip)) return { base: ip, bits }
  return bits < mappedBits ? undefined : { base: ip.toIPv4Address(), bits: bits - mappedBits }
}

const firstOf = ({ base, bits }: Network): string =>
  base.kind() === 'ipv4'
    ? ipaddr.IPv4.networkAddressFromCIDR(`${base}/${bits}`).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(`${base}/${bits}`).toString()

/**
 * The one spelling of an address or a network in CIDR form: `203.0.113.0/24`, `2001:db8::1`. IPv4 inside IPv6
 * (`::ffff:203.0.113.7`) becomes plain IPv4. Undefined for any other text.
 */
export const normalNetwork = (text: string): string | undefined => {
  const network = parseNetwork(text.trim())
  if (!network) return undefined
  const first = firstOf(network)
  return network.bits === sizeOf(network.base) ? first : `${first}/${network.bits}`
}

/** Whether an address is in the list; compiled once, asked often. Texts that are no networks hold nothing. */
export const compileNetworks = (list: readonly string[]): ((address: string) => boolean) => {
  const networks = list.map(parseNetwork).filter((network) => network !== undefined)
  return (address) => {
    const ip = parseNetwork(address)?.base
    return ip !== undefined && networks.some(({ base, bits }) => base.kind() === ip.kind() && ip.match(base, bits))
  }
}

/** Whether a network lies in one of the list as a whole. A text that is no network lies in none. */
export const isWithinNetworks = (text: string, list: readonly string[]): boolean => {
  const inner = parseNetwork(text)
  if (!inner) return false
  return list
    .map(parseNetwork)
    .some(
      (outer) =>
        outer?.base.kind() === inner.base.kind() &&
        outer.bits <= inner.bits &&
        inner.base.match(outer.base, outer.bits),
    )
}

// What one subscriber gets at least: whoever has one address of it has them all.
const subscriberBits = 64

/** What stands for one caller among addresses: an IPv4 address, or the /64 of an IPv6 address; other text as it is. */
export const originOf = (address: string): string => {
  const network = parseNetwork(address)
  if (!network) return address
  return network.base.kind() === 'ipv4'
    ? network.base.toString()
    : `${firstOf({ base: network.base, bits: subscriberBits })}/${subscriberBits}`
}
