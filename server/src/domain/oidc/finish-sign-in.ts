import { authorizationCodeGrant } from 'openid-client'
import type { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import { isUniqueViolation } from '../../database/connection.ts'
import type { Db } from '../../database/open.ts'
import { transaction } from '../../database/transaction.ts'
import type { Ctx } from '../context.ts'
import { outgoingPolicy } from '../outgoing-url.ts'
import { openSession, type SignedIn, type TokenFormat } from '../sessions/index.ts'
import { hashSecretToken, newSecretToken, type Passwords } from '../users/index.ts'
import { admitPerson, isNewcomer } from './admit-person.ts'
import type { SignInAnswer } from './contract.ts'
import type { Providers } from './create-providers.ts'
import { issueCode } from './issue-code.ts'
import { lockConnection, stale } from './lock-connection.ts'
import { redirectUriOf } from './present.ts'
import { signInError } from './provider-error.ts'
import { getSignInPlace, openSecret, type SignInPlace } from './queries.ts'
import { type Person, readPerson } from './read-person.ts'
import { returnUrl } from './return-to.ts'
import { type BegunSignIn, openSignIn } from './sealed-sign-in.ts'

type Answer = z.output<typeof SignInAnswer>
type Input = {
  /** The workspace whose provider is to have answered. */
  workspace: string
  answer: Answer
  /** What the browser was given when it began. */
  sealed: string | undefined
  address: string | undefined
  userAgent: string | undefined
  requestId: string
}

type Outside = {
  system: Db
  clock: Clock
  log: Log
  providers: Providers
  secretBox: SecretBox
  passwords: Passwords
  tokens: TokenFormat
  settings: { publicUrl: string; sandboxLoopback: boolean }
}

/**
 * The tokens, or where the browser goes with a code for them or with what went wrong. `proof` is for the browser to keep
 * until the code is exchanged, where the client brought no challenge of its own.
 */
export type FinishedSignIn = { signedIn: z.infer<typeof SignedIn> } | { url: string; proof?: string }

// Marked before anything else happens with it, so that of many answers with one state one counts.
const isFirstAnswer = async (system: Db, state: string, { expiresAt }: BegunSignIn): Promise<boolean> => {
  const { numInsertedOrUpdatedRows } = await system
    .insertInto('oidc_used_states')
    .values({ state_hash: hashSecretToken(state), expires_at: new Date(expiresAt) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

const takeSignIn = async (
  { workspace, answer, sealed }: Input,
  { system, secretBox, clock }: Outside,
): Promise<BegunSignIn> => {
  const begun = sealed === undefined ? undefined : openSignIn(secretBox, answer.state, sealed)
  if (!begun || begun.workspaceId !== workspace || begun.expiresAt <= clock.now().getTime()) throw stale()
  if (!(await isFirstAnswer(system, answer.state, begun))) throw stale()
  return begun
}

const answeredUrl = (redirectUri: string, answer: Answer): URL => {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(answer)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** Swaps the provider's code for its word on who this is, and checks that word. Throws UNAUTHORIZED. */
const askProvider = async (
  { connection, workspaceId, mode }: SignInPlace,
  { nonce, verifier }: BegunSignIn,
  answer: Answer,
  { providers, secretBox, settings }: Outside,
): Promise<Person> => {
  try {
    const provider = await providers.connect({
      issuer: connection.issuer,
      clientId: connection.client_id,
      clientSecret: openSecret(secretBox, connection),
      policy: outgoingPolicy(mode, settings),
    })
    const redirectUri = redirectUriOf(settings.publicUrl, workspaceId)
    const granted = await authorizationCodeGrant(provider, answeredUrl(redirectUri, answer), {
      expectedState: answer.state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    })
    const claims = granted.claims()
    if (!claims) throw stale()
    return await readPerson(provider, { claims, accessToken: granted.access_token })
  } catch (error) {
    throw signInError(error)
  }
}

const noPlaceForPassword = () =>
  new AppError(
    'FORBIDDEN',
    'Nobody has vouched for the e-mail address of your account yet, so its password is needed once: begin this sign-in with return_to, at a page that asks for it.',
    { details: { reason: 'password_required' } },
  )

const admit = async (input: Input, place: SignInPlace, started: BegunSignIn, person: Person, outside: Outside) => {
  const { system, clock, log, passwords } = outside
  const { workspaceId, mode, planId } = place
  // Nobody knows it: whoever has a provider for a password signs in there.
  const passwordHash = (await isNewcomer(system, place, person))
    ? await passwords.hash(newSecretToken('none'))
    : undefined
  return transaction(system, async (tx): Promise<FinishedSignIn> => {
    await lockConnection(tx, place, started.issuer)
    const actor = { type: 'system', name: 'oidc' } as const
    const ctx: Ctx = { db: tx, workspaceId, mode, actor, requestId: input.requestId, clock, log }
    const { account, needsPassword } = await admitPerson(ctx, tx, place, person, passwordHash)
    // Not before: a session that is older than the membership is of an earlier one, and over.
    const now = clock.now()
    if (started.returnTo !== null) {
      const link = needsPassword ? { issuer: started.issuer, subject: person.subject } : null
      const { state } = input.answer
      const { code, proof } = await issueCode(tx, { workspaceId, account, link, state, started, now })
      return { url: returnUrl(started.returnTo, { code }), ...(proof === null ? {} : { proof }) }
    }
    if (needsPassword) throw noPlaceForPassword()
    const { address, userAgent } = input
    const { requestId } = ctx
    const session = { workspaceId, planId, account, address, userAgent, by: 'oidc', requestId, now } as const
    return { signedIn: await openSession(tx, session, outside) }
  })
}

const finish = async (input: Input, started: BegunSignIn, outside: Outside): Promise<FinishedSignIn> => {
  const place = await getSignInPlace(outside.system, started.workspaceId)
  if (place.connection.issuer !== started.issuer) throw stale()
  const person = await askProvider(place, started, input.answer, outside)
  return admit(input, place, started, person, outside).catch((error) => {
    throw isUniqueViolation(error)
      ? new AppError('CONFLICT', 'This account is being made by another sign-in. Begin again.')
      : error
  })
}

/**
 * Ends a sign-in with the provider's answer. Throws UNAUTHORIZED for an answer that is refused, replayed, too old, of another
 * browser or not right, FORBIDDEN for somebody who may not come in, SERVICE_UNAVAILABLE for a provider that does not answer.
 * A sign-in that is to lead somewhere leads there with `error` instead, once the browser is known to be the right one.
 */
// scope: nobody is signed in yet.
// no event: how a person signs in is theirs; becoming a member is an event, recorded there.
export const finishSignIn = async (input: Input, outside: Outside): Promise<FinishedSignIn> => {
  const started = await takeSignIn(input, outside)
  try {
    return await finish(input, started, outside)
  } catch (error) {
    if (started.returnTo === null || !(error instanceof AppError)) throw error
    const told = { error: error.code.toLowerCase(), error_description: error.message }
    return { url: returnUrl(started.returnTo, told) }
  }
}
