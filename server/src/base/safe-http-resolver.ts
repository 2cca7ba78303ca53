import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { isLocalhost, type Lookup, type ResolvedAddress } from './address.ts'

const loopback: readonly ResolvedAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/**
 * Resolves names from the hosts file (read once) and then from DNS, IPv4 first. It does not use the system's
 * getaddrinfo, whose few threads a customer's slow name server could hold against everybody. Rejects when a name has no
 * address.
 */
export const createLookup = (hostsFile: string = defaultHostsFile()): Lookup => {
  const hosts = readHosts(hostsFile)
  const resolver = new Resolver({ timeout: 800, tries: 2 })
  return async (hostname) => {
    const name = hostname.toLowerCase()
    if (isLocalhost(name)) return loopback
    return hosts.get(name) ?? resolveBoth(resolver, name)
  }
}

const defaultHostsFile = (): string =>
  process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

const readHosts = (file: string): ReadonlyMap<string, readonly ResolvedAddress[]> => {
  const hosts = new Map<string, ResolvedAddress[]>()
  for (const line of readIfThere(file).split('\n')) {
    const [address, ...names] = line.split('#', 1)[0]!.trim().split(/\s+/)
    const family = isIP(address!)
    if (family === 0) continue
    for (const name of names)
      hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), { address: address!, family }])
  }
  return hosts
}

const readIfThere = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

// Some name servers never answer for IPv6: once IPv4 is there, IPv6 gets 50 ms more (RFC 8305), and the other way round.
const resolveBoth = async (resolver: Resolver, name: string): Promise<readonly ResolvedAddress[]> => {
  const v4 = resolver.resolve4(name).then((found) => found.map((address) => ({ address, family: 4 })))
  const v6 = resolver.resolve6(name).then((found) => found.map((address) => ({ address, family: 6 })))
  await Promise.any([v4, v6]).catch(() => {
    // Neither has an address: the reason of the first is the more telling one.
    return v4
  })
  const late = delay(50, [])
  const [first, second] = await Promise.all([v4, v6].map((answer) => Promise.race([answer.catch(() => []), late])))
  return [...first!, ...second!]
}
