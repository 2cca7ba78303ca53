import { z } from 'zod'
import {
  deleteConnection,
  ExchangeCode,
  exchangeCode,
  finishSignIn,
  getConnection,
  markOf,
  OidcConnection,
  presentConnection,
  SignInAnswer,
  StartSignIn,
  signInSeconds,
  startSignIn,
  UpdateOidcConnection,
  updateConnection,
} from '../../domain/oidc/index.ts'
import { SignedIn } from '../../domain/sessions/index.ts'
import { idInput } from '../../domain/wire.ts'
import { cookieName, crowdedOut, readCookie, setCookie } from '../cookies.ts'
import type { Deps } from '../deps.ts'
import { defineEndpoint, noContent, ok } from '../endpoint.ts'

const signInTag = 'Sign-in'
const connectionTag = 'Sign-in with a provider'

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header

const outsideOf = (deps: Deps) => ({ ...deps, system: deps.database.system, providers: deps.oidcProviders })

// One for each sign-in, so that two in two tabs do not undo each other; first for its state, then for its code.
const browserCookie = (stateOrCode: string, publicUrl: string): string =>
  cookieName(`parley_oidc_${markOf(stateOrCode)}`, publicUrl)

// Of sign-ins that were begun before: with all of them, a browser that another site sends here again and again would soon
// send more than any server reads.
const keptBytes = 4_096

// An address with a code in it is nobody's business but the page's that it leads to.
const unseen = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }

export const oidcConnectionEndpoints = [
  defineEndpoint({
    id: 'oidc_connection_get',
    method: 'GET',
    path: '/v1/oidc-connection',
    access: 'members:write',
    tag: connectionTag,
    summary: 'Read how members sign in with your provider',
    responses: { 200: OidcConnection },
    errors: [404],
    handler: async ({ ctx, deps }) => ok(presentConnection(await getConnection(ctx), deps.settings)),
  }),
  defineEndpoint({
    id: 'oidc_connection_update',
    method: 'PUT',
    path: '/v1/oidc-connection',
    access: 'members:write',
    tag: connectionTag,
    summary: 'Let members sign in with your provider',
    description:
      'Replaces what was set up before. The provider is asked for its discovery document first: one that does not answer, or says it is another issuer, is answered with 422. Needs every scope that an admin has; owners can sign in with it only when an owner sets it up.',
    body: UpdateOidcConnection,
    responses: { 200: OidcConnection },
    errors: [422],
    // The same when repeated, and it asks the provider: no transaction may be open meanwhile.
    idempotency: 'none',
    handler: async ({ ctx, body, deps }) =>
      ok(presentConnection(await updateConnection(ctx, body, outsideOf(deps)), deps.settings)),
  }),
  defineEndpoint({
    id: 'oidc_connection_delete',
    method: 'DELETE',
    path: '/v1/oidc-connection',
    access: 'members:write',
    tag: connectionTag,
    summary: 'Let nobody sign in with your provider any more',
    description: 'Members stay members, and sessions that were opened with it live on, but for those of owners.',
    responses: { 204: null },
    errors: [404],
    handler: async ({ ctx }) => {
      await deleteConnection(ctx)
      return noContent()
    },
  }),
]

export const oidcSignInEndpoints = [
  defineEndpoint({
    id: 'auth_oidc_start',
    method: 'GET',
    path: '/v1/auth/oidc/start',
    access: 'public',
    tag: signInTag,
    summary: 'Send a browser to the provider of a workspace to sign in',
    description:
      'For a browser, not for a program: the answer redirects to the provider and sets a cookie, and only the same browser can finish the sign-in, once, within ten minutes.',
    query: StartSignIn,
    responses: { 302: null },
    errors: [400, 403, 404, 503],
    handler: async ({ query, deps, headers }) => {
      const { publicUrl } = deps.settings
      const { url, state, sealed } = await startSignIn(query, outsideOf(deps))
      const forgotten = crowdedOut(textOf(headers.cookie), cookieName('parley_oidc_', publicUrl), keptBytes)
      const cookies = [
        ...forgotten.map((name) => setCookie(name, '', 0)),
        setCookie(browserCookie(state, publicUrl), sealed, signInSeconds),
      ]
      return { status: 302, body: undefined, headers: { location: url, 'set-cookie': cookies, ...unseen } }
    },
  }),
  defineEndpoint({
    id: 'auth_oidc_callback',
    method: 'GET',
    path: '/v1/auth/oidc/callback/{workspace}',
    access: 'public',
    tag: signInTag,
    summary: 'Where the provider sends the browser back to',
    description:
      'Register this address, with the id of your workspace, at the provider. Answers as a login does; a sign-in that was begun with `return_to` leads there instead, with a `code` for `POST /v1/auth/oidc/exchange`, or with `error` and `error_description`.',
    params: z.object({ workspace: idInput('workspace') }),
    query: SignInAnswer,
    responses: { 200: SignedIn, 302: null },
    errors: [400, 401, 403, 404, 409, 503],
    handler: async ({ params: { workspace }, query, deps, headers, address, requestId }) => {
      const name = browserCookie(query.state, deps.settings.publicUrl)
      const sealed = readCookie(textOf(headers.cookie), name)
      const input = { workspace, answer: query, sealed, address, requestId, userAgent: textOf(headers['user-agent']) }
      const finished = await finishSignIn(input, outsideOf(deps))
      const proof = 'url' in finished ? finished.proof : undefined
      const cookie = proof === undefined ? setCookie(name, '', 0) : setCookie(name, proof, signInSeconds)
      const told = { 'set-cookie': cookie, ...unseen }
      if ('url' in finished) return { status: 302, body: undefined, headers: { location: finished.url, ...told } }
      return { status: 200, body: finished.signedIn, headers: told }
    },
  }),
  defineEndpoint({
    id: 'auth_oidc_exchange',
    method: 'POST',
    path: '/v1/auth/oidc/exchange',
    access: 'public',
    tag: signInTag,
    summary: 'Swap the code of a sign-in for tokens',
    description:
      'Once, within 60 seconds, by whoever began the sign-in: with `code_verifier`, or in the browser that signed in, by its cookie. Answered with 401 and `details.password_required` where an account that came by an invite is to be linked: then send its `password` too, within ten minutes.',
    body: ExchangeCode,
    responses: { 200: SignedIn },
    errors: [401, 403, 404, 503],
    idempotency: 'none',
    handler: async ({ body: { code, code_verifier, password }, deps, headers, address, requestId }) => {
      const cookie = readCookie(textOf(headers.cookie), browserCookie(code, deps.settings.publicUrl))
      const verifier = code_verifier ?? cookie
      const input = { code, verifier, password, address, requestId, userAgent: textOf(headers['user-agent']) }
      return ok(await exchangeCode(input, outsideOf(deps)))
    },
  }),
]
