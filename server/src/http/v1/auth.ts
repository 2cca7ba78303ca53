import { AppError } from '../../base/errors.ts'
import { requireUser } from '../../domain/context.ts'
import { Login, login, Refresh, refreshSession, revokeSession, SignedIn } from '../../domain/sessions/index.ts'
import { credentialOf } from '../authenticate.ts'
import { defineEndpoint, noContent, ok } from '../endpoint.ts'

const tag = 'Sign-in'

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header

export const authEndpoints = [
  defineEndpoint({
    id: 'auth_login',
    method: 'POST',
    path: '/v1/auth/login',
    access: 'public',
    tag,
    summary: 'Sign in and get a token',
    description:
      'The token works for 24 hours wherever an API key does. An account with two-factor sign-in also needs `totp`: without it the answer is 401 with `details.totp_required`. Ten failures of an account from one address, a hundred from everywhere, or fifty of an address, in 15 minutes are answered with 429.',
    body: Login,
    responses: { 200: SignedIn },
    errors: [401, 403, 404, 503],
    idempotency: 'none',
    handler: async ({ body, deps, headers, address, requestId }) => {
      const outside = { ...deps, system: deps.database.system }
      return ok(await login({ ...body, address, requestId, userAgent: textOf(headers['user-agent']) }, outside))
    },
  }),
  defineEndpoint({
    id: 'auth_refresh',
    method: 'POST',
    path: '/v1/auth/refresh',
    access: 'public',
    tag,
    summary: 'Get the next token of a session',
    description:
      'Send `refresh_token`, or a token that is still valid in the Authorization header. A refresh token works once: one that is shown again ends the session, because somebody else has a copy of it.',
    body: Refresh,
    responses: { 200: SignedIn },
    errors: [401],
    idempotency: 'none',
    handler: async ({ body, deps, headers, requestId }) => {
      const token = credentialOf(headers)
      const shown = body.refresh_token !== undefined ? { refreshToken: body.refresh_token } : token && { token }
      if (!shown) throw new AppError('UNAUTHORIZED', 'Bearer token is missing or invalid.')
      const { database, sessionCache } = deps
      const outside = { ...deps, system: database.system, requestId, forgetSession: sessionCache.forget }
      return ok(await refreshSession(shown, outside))
    },
  }),
  defineEndpoint({
    id: 'auth_logout',
    method: 'POST',
    path: '/v1/auth/logout',
    access: 'session',
    tag,
    summary: 'End the session that makes this request',
    responses: { 204: null },
    idempotency: 'none',
    handler: async ({ ctx, deps }) => {
      const { sessionId } = requireUser(ctx)
      await revokeSession(ctx, sessionId, { system: deps.database.system })
      deps.sessionCache.forget(sessionId)
      return noContent()
    },
  }),
]
