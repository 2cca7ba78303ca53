import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ServerMetadata,
} from 'openid-client'
import type { AddressPolicy } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import type { SafeHttp } from '../../base/safe-http.ts'
import { issuerDiffers, ProviderError, toProviderError } from './provider-error.ts'
import { createSafeFetch } from './safe-fetch.ts'

/** How a workspace is known at its provider. `policy` says where the server may go for it. */
export type ProviderClient = { issuer: string; clientId: string; clientSecret: string; policy: AddressPolicy }

export type Providers = {
  /** What the provider says of itself, asked for this very moment. Throws ProviderError. */
  discover(issuer: string, policy: AddressPolicy): Promise<ServerMetadata>
  /** All that a step of a sign-in needs; what the provider says of itself is kept for ten minutes. Throws ProviderError. */
  connect(client: ProviderClient): Promise<Configuration>
}

type Kept = { until: number; metadata: Promise<ServerMetadata> }

const keptMs = 600_000
// Whoever begins many sign-ins must not make us ask a provider that is down as often.
const failureKeptMs = 5_000
const maxKept = 200
const timeoutSeconds = 10

const check = (metadata: ServerMetadata, issuer: string, policy: AddressPolicy): ServerMetadata => {
  if (metadata.issuer !== issuer) throw issuerDiffers(metadata.issuer)
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const url = metadata[name]
    const protocols = policy.allowHttp ? ['https:', 'http:'] : ['https:']
    if (typeof url !== 'string' || !URL.canParse(url) || !protocols.includes(new URL(url).protocol))
      throw new ProviderError('not_a_provider', `The provider's discovery document has no usable '${name}'.`)
  }
  return metadata
}

const authenticationFor = (metadata: ServerMetadata, secret: string): ClientAuth => {
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_basic') ? ClientSecretBasic(secret) : ClientSecretPost(secret)
}

/** Speaks OpenID Connect with whatever provider a workspace names, always through the client that guards addresses. */
export const createProviders = ({ clock, safeHttp }: { clock: Clock; safeHttp: SafeHttp }): Providers => {
  const kept = new Map<string, Kept>()

  const ask = async (issuer: string, policy: AddressPolicy): Promise<ServerMetadata> => {
    if (!URL.canParse(issuer)) throw new ProviderError('not_a_provider', 'The issuer is not a URL.')
    try {
      const found = await discovery(new URL(issuer), 'unused', undefined, undefined, {
        [customFetch]: createSafeFetch(safeHttp, policy),
        timeout: timeoutSeconds,
        ...(policy.allowHttp ? { execute: [allowInsecureRequests] } : {}),
      })
      return check(found.serverMetadata(), issuer, policy)
    } catch (error) {
      throw toProviderError(error)
    }
  }

  const keep = (issuer: string, policy: AddressPolicy, metadata: Promise<ServerMetadata>) => {
    const entry: Kept = { until: clock.now().getTime() + keptMs, metadata }
    metadata.catch(() => {
      entry.until = clock.now().getTime() + failureKeptMs
    })
    if (kept.size >= maxKept) kept.clear()
    kept.set(`${policy.allowHttp} ${issuer}`, entry)
    return metadata
  }

  const known = (issuer: string, policy: AddressPolicy): Promise<ServerMetadata> => {
    const entry = kept.get(`${policy.allowHttp} ${issuer}`)
    if (entry && entry.until > clock.now().getTime()) return entry.metadata
    return keep(issuer, policy, ask(issuer, policy))
  }

  return {
    discover: (issuer, policy) => keep(issuer, policy, ask(issuer, policy)),
    connect: async ({ issuer, clientId, clientSecret, policy }) => {
      const metadata = await known(issuer, policy)
      const configuration = new Configuration(
        metadata,
        clientId,
        { client_secret: clientSecret },
        authenticationFor(metadata, clientSecret),
      )
      configuration[customFetch] = createSafeFetch(safeHttp, policy)
      configuration.timeout = timeoutSeconds
      // The id token comes straight from the provider; that its signature is right too costs one request.
      enableNonRepudiationChecks(configuration)
      if (policy.allowHttp) allowInsecureRequests(configuration)
      return configuration
    },
  }
}
