import { sql } from 'kysely'
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
import { originOf } from '../../base/networks.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { hashSecretToken, newSecretToken } from '../users/index.ts'
import type { StartSignIn } from './contract.ts'
import type { Providers } from './create-providers.ts'
import { redirectUriOf } from './present.ts'
import { signInError } from './provider-error.ts'
import { purgeSignIns } from './purge-sign-ins.ts'
import { getSignInPlace, openSecret } from './queries.ts'
import { readReturnTo } from './return-to.ts'
import { sealSignIn } from './sealed-sign-in.ts'

type Input = z.output<typeof StartSignIn> & { address: string | undefined }

type Outside = {
  system: Db
  clock: Clock
  providers: Providers
  secretBox: SecretBox
  settings: { publicUrl: string; sandboxLoopback: boolean }
}

/** `url` is where the browser goes; `browser` is what only this browser may know until it is back. */
export type StartedSignIn = { url: string; state: string; browser: string }

/** Seconds that somebody may take at their provider. */
export const signInSeconds = 600
// A sign-in that is begun costs a row: an office behind one address has room, a flood has not.
const openPerAddress = 100
const openPerWorkspace = 5_000

const tooMany = () =>
  new AppError('RATE_LIMIT_EXCEEDED', 'Too many sign-ins were begun and not finished. Try again later.', {
    retryAfter: signInSeconds,
  })

type NewRow = { state: string; browser: string; sealed: Buffer; workspaceId: string; returnTo: string | null }

const insertWithin = async (
  system: Db,
  { state, browser, sealed, workspaceId, returnTo }: NewRow,
  { address, now }: { address: string | undefined; now: Date },
): Promise<void> => {
  const from = address === undefined ? null : originOf(address)
  const { numAffectedRows } = await sql`
    insert into oidc_sign_ins (state_hash, workspace_id, browser_hash, sealed, return_to, address, expires_at)
    select ${hashSecretToken(state)}::bytea, ${workspaceId}::uuid, ${hashSecretToken(browser)}::bytea, ${sealed}::bytea,
      ${returnTo}::text, ${from}::text, ${new Date(now.getTime() + signInSeconds * 1_000)}::timestamptz
    where (select count(*) from oidc_sign_ins where workspace_id = ${workspaceId}) < ${openPerWorkspace}
      and (select count(*) from oidc_sign_ins where address = ${from}) < ${openPerAddress}`.execute(system)
  if (numAffectedRows === 0n) throw tooMany()
}

/**
 * Begins a sign-in with the provider of a workspace: keeps what its answer will be held against, for ten minutes, and says
 * where the browser goes. Throws SERVICE_UNAVAILABLE for a provider that does not answer.
 */
// scope: nobody is signed in yet.
export const startSignIn = async (input: Input, outside: Outside): Promise<StartedSignIn> => {
  const { system, clock, providers, secretBox, settings } = outside
  const { connection, workspaceId, mode } = await getSignInPlace(system, input.workspace)
  const allowed = connection.allowed_return_urls
  const returnTo = input.return_to === undefined ? null : readReturnTo(input.return_to, { ...settings, allowed })
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
  const browser = newSecretToken('browser')
  const secrets = { nonce: randomNonce(), verifier: randomPKCECodeVerifier(), issuer: connection.issuer }
  const now = clock.now()
  await purgeSignIns(system, now)
  const sealed = sealSignIn(secretBox, state, secrets)
  await insertWithin(system, { state, browser, sealed, workspaceId, returnTo }, { address: input.address, now })
  const url = buildAuthorizationUrl(provider, {
    redirect_uri: redirectUriOf(settings.publicUrl, workspaceId),
    scope: 'openid email profile',
    state,
    nonce: secrets.nonce,
    code_challenge: await calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
  })
  return { url: url.href, state, browser }
}
