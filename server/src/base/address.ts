import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What kind of place an IP address is. Only `public` is open to everybody; `metadata` is open to nobody. */
export type AddressClass =
  | 'public'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'metadata'
  | 'multicast'
  | 'unspecified'
  | 'reserved'
  | 'invalid'

/** Where outgoing requests may go. Keep one object per kind of caller: it is compiled once and remembered. */
export type AddressPolicy = {
  readonly allowHttp: boolean
  readonly allowLoopback: boolean
  /** IP ranges in CIDR form that are allowed although they are not public. Metadata addresses stay closed. */
  readonly allowCidrs: readonly string[]
}

/** A policy ready for use. `key` is equal for equal policies. */
export type CompiledPolicy = AddressPolicy & {
  readonly key: string
  readonly allows: (ip: string) => boolean
}

export type AddressErrorCode =
  | 'invalid_url'
  | 'scheme_refused'
  | 'credentials_refused'
  | 'port_refused'
  | 'host_refused'
  | 'address_refused'

/** A URL that we will not call. The message is for the person who typed it. */
export class AddressError extends Error {
  readonly code: AddressErrorCode
  constructor(code: AddressErrorCode, message: string) {
    super(message)
    this.name = 'AddressError'
    this.code = code
  }
}

/** Finds the addresses of a host name; rejects when there are none. */
export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>
export type ResolvedAddress = { readonly address: string; readonly family: number }

type Ip = ipaddr.IPv4 | ipaddr.IPv6

// Addresses where clouds hand credentials to whoever asks from inside. 168.63.129.16 looks public.
const metadataAddresses = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.42.42',
  '168.63.129.16',
  '192.0.0.192',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd00:42::42',
  'fd20:ce::254',
])

const classOfRange: Readonly<Record<string, AddressClass>> = {
  loopback: 'loopback',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  linkLocal: 'link_local',
  multicast: 'multicast',
  unspecified: 'unspecified',
}

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** Judges an IP address in the spelling of `net.isIP`; every other text is `invalid`. */
export const classifyAddress = (ip: string): AddressClass => {
  const address = parseIp(ip)
  return address === null ? 'invalid' : classify(address)
}

// node's own grammar first: ipaddr.js would also read octal, hexadecimal and shortened IPv4.
const parseIp = (ip: string): Ip | null => {
  const family = isIP(ip)
  if (family === 0) return null
  try {
    return ipaddr.process(family === 6 ? withoutDottedTail(ip) : ip)
  } catch {
    return null
  }
}

const dottedTail = /(\d+)\.(\d+)\.(\d+)\.(\d+)/
const hexPair = (_: string, a: string, b: string, c: string, d: string): string =>
  `${(+a * 256 + +b).toString(16)}:${(+c * 256 + +d).toString(16)}`

/** Spells the dotted end of an IPv6 address in hexadecimal, because ipaddr.js reads `::1.2.3.4` as `::ffff:1.2.3.4`. */
export const withoutDottedTail = (ip: string): string => ip.replace(dottedTail, hexPair)

const classify = (address: Ip): AddressClass => {
  if (metadataAddresses.has(withoutZone(address))) return 'metadata'
  const range = address.range()
  if (address instanceof ipaddr.IPv4) return range === 'unicast' ? 'public' : (classOfRange[range] ?? 'reserved')
  if (range === 'ipv4Mapped') return classify(address.toIPv4Address())
  if (address.match(nat64)) return classifyTranslated(address)
  if (range === 'unicast') return address.match(globalUnicast) ? 'public' : 'reserved'
  return classOfRange[range] ?? 'reserved'
}

// A translator reaches the embedded IPv4 from where it stands, so its loopback is not ours.
const classifyTranslated = (address: ipaddr.IPv6): AddressClass => {
  const inner = classify(new ipaddr.IPv4(address.toByteArray().slice(12)))
  return inner === 'loopback' ? 'reserved' : inner
}

const withoutZone = (address: Ip): string => address.toString().split('%', 1)[0]!

/** Prepares a policy. `denied` are ranges refused even when the policy allows them. Throws RangeError on a bad range. */
export const compilePolicy = (policy: AddressPolicy, denied: readonly string[] = []): CompiledPolicy => {
  const allowRanges = policy.allowCidrs.map(parseRange)
  const denyRanges = denied.map(parseRange)
  const allows = (ip: string): boolean => {
    const address = parseIp(ip)
    if (address === null || within(address, denyRanges)) return false
    const kind = classify(address)
    if (kind === 'metadata') return false
    return kind === 'public' || (kind === 'loopback' && policy.allowLoopback) || within(address, allowRanges)
  }
  const key = `${policy.allowHttp ? 'h' : '-'}${policy.allowLoopback ? 'l' : '-'} ${[...policy.allowCidrs].sort().join(',')}`
  return { ...policy, key, allows }
}

const parseRange = (text: string): [Ip, number] => {
  const [ip, ...rest] = text.split('/')
  if (isIP(ip!) === 0 || rest.length > 1) throw new RangeError(`'${text}' is not an IP range such as 10.0.0.0/8.`)
  try {
    return rest.length === 1 ? ipaddr.parseCIDR(text) : [ipaddr.parse(text), isIP(text) === 4 ? 32 : 128]
  } catch {
    throw new RangeError(`'${text}' is not an IP range such as 10.0.0.0/8.`)
  }
}

const within = (address: Ip, ranges: readonly [Ip, number][]): boolean =>
  ranges.some(([base, bits]) => address.kind() === base.kind() && address.match(base, bits))

// Ports at or above 1024 where databases, brokers, desktops and orchestrators listen.
const deniedPorts = new Set([
  1433, 1521, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3128, 3306, 3389, 4369, 5060, 5061, 5432, 5433, 5672,
  5900, 5984, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 8500, 9042, 9092, 9200, 9300, 10080, 10250,
  10255, 11211, 15672, 26257, 27017, 27018, 50000,
])

/**
 * Reads a URL and refuses what the policy does not allow, without asking DNS. Throws AddressError.
 * The names behind a host are judged again at every connection, so passing here is a courtesy, not a permission.
 */
export const checkUrl = (text: string, policy: AddressPolicy | CompiledPolicy): URL => {
  const compiled = 'allows' in policy ? policy : compilePolicy(policy)
  if (!URL.canParse(text)) {
    throw new AddressError('invalid_url', 'This is not a URL. Give a whole address such as https://example.com/hooks.')
  }
  const url = new URL(text)
  checkScheme(url, compiled)
  if (url.username !== '' || url.password !== '') {
    throw new AddressError(
      'credentials_refused',
      'The URL must not hold a user name or password. Use a header instead.',
    )
  }
  checkHost(url, compiled)
  checkPort(url, compiled)
  return url
}

const checkScheme = (url: URL, policy: CompiledPolicy): void => {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && policy.allowHttp)) return
  throw new AddressError(
    'scheme_refused',
    policy.allowHttp ? 'The URL must begin with https:// or http://.' : 'The URL must begin with https://.',
  )
}

const checkHost = (url: URL, policy: CompiledPolicy): void => {
  const host = bareHost(url)
  if (isIP(host) !== 0) {
    if (!policy.allows(host))
      throw new AddressError('address_refused', `The address ${host} is not on the public internet.`)
    return
  }
  if (host.length > 253 || !host.split('.').every(({ length }) => length > 0 && length <= 63)) {
    throw new AddressError('host_refused', 'The URL needs a full host name such as example.com.')
  }
  if (isLocalhost(host)) {
    if (allowsLoopback(policy)) return
    throw new AddressError(
      'address_refused',
      'localhost is this server itself. Give an address on the public internet.',
    )
  }
  if (!host.includes('.')) {
    throw new AddressError('host_refused', `'${host.slice(0, 63)}' is not a full host name such as example.com.`)
  }
}

const checkPort = (url: URL, policy: CompiledPolicy): void => {
  if (url.port === '') return
  const port = Number(url.port)
  const host = bareHost(url)
  if ((isLocalhost(host) || classifyAddress(host) === 'loopback') && policy.allowLoopback && port > 0) return
  const usual = port === 80 || port === 443
  if (!usual && (port < 1024 || deniedPorts.has(port))) {
    throw new AddressError(
      'port_refused',
      `Port ${port} is not one for web requests. Use 443, 80, 8443 or another port above 1023.`,
    )
  }
}

const allowsLoopback = (policy: CompiledPolicy): boolean => policy.allows('127.0.0.1') || policy.allows('::1')

/** True for `localhost` and the names below it, which never leave the machine (RFC 6761). */
export const isLocalhost = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost')

/** The host of a URL as a socket wants it: an IPv6 address without its brackets. */
export const bareHost = (url: URL): string => (url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname)
