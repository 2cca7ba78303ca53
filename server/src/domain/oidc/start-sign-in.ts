import {
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import type { StartSignIn } from './contract.ts'
import type { Providers } from './create-providers.ts'
import { redirectUriOf } from './present.ts'
import { signInError } from './provider-error.ts'
import { getSignInPlace, openSecret } from './queries.ts'
import { readReturnTo } from './return-to.ts'
import { sealSignIn } from './sealed-sign-in.ts'

type Input = z.output<typeof StartSignIn>

type Outside = {
  system: Db
  clock: Clock
  providers: Providers
  secretBox: SecretBox
  settings: { publicUrl: string; sandboxLoopback: boolean }
}

/** `url` is where the browser goes; `sealed` is what it brings back, and nobody else may have. */
export type StartedSignIn = { url: string; state: string; sealed: string }

/** Seconds that somebody may take at their provider. */
export const signInSeconds = 600
// Browsers drop a cookie of more than 4,096 bytes, its name counted in.
const maxSealed = 4_000

const refuseLong = (sealed: string): void => {
  if (sealed.length <= maxSealed) return
  throw new AppError('BAD_REQUEST', 'return_to is too long for a browser to keep.', { param: 'return_to' })
}

/**
 * Begins a sign-in with the provider of a workspace: says where the browser goes, and what it has to bring back within ten
 * minutes. Stores nothing, so that nobody can use up anything. Throws SERVICE_UNAVAILABLE for a provider that does not answer.
 */
// scope: nobody is signed in yet.
export const startSignIn = async (input: Input, outside: Outside): Promise<StartedSignIn> => {
  const { system, clock, providers, secretBox, settings } = outside
  const { connection, workspaceId, mode } = await getSignInPlace(system, input.workspace)
  const allowed = connection.allowed_return_urls
  const returnTo = readReturnTo(input, { ...settings, allowed })
  const provider = await providers
    .connect({
      issuer: connection.issuer,
      clientId: connection.client_id,
      clientSecret: openSecret(secretBox, connection),
      policy: outgoingPolicy(mode, settings),
    })
    .catch((error) => {
      throw signInError(error)
    })
  const state = randomState()
  const begun = {
    workspaceId,
    issuer: connection.issuer,
    nonce: randomNonce(),
    verifier: randomPKCECodeVerifier(),
    returnTo,
    challenge: input.code_challenge ?? null,
    expiresAt: clock.now().getTime() + signInSeconds * 1_000,
  }
  const sealed = sealSignIn(secretBox, state, begun)
  refuseLong(sealed)
  const url = buildAuthorizationUrl(provider, {
    redirect_uri: redirectUriOf(settings.publicUrl, workspaceId),
    scope: 'openid email profile',
    state,
    nonce: begun.nonce,
    code_challenge: await calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: 'S256',
  })
  return { url: url.href, state, sealed }
}
