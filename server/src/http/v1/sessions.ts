import { z } from 'zod'
import { listSessions, presentSession, revokeSession, Session } from '../../domain/sessions/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const tag = 'Sessions'

export const sessionEndpoints = [
  defineEndpoint({
    id: 'sessions_list',
    method: 'GET',
    path: '/v1/sessions',
    access: 'session',
    tag,
    summary: 'List your sessions, newest first',
    description:
      'Where you are signed in, in every workspace; a session that a provider vouched for sees those of its own workspace alone.',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(Session) },
    handler: async ({ ctx, query, deps }) => {
      const page = await listSessions(ctx, pageOf('session', query), { system: deps.database.system })
      return ok(presentPage('session', page, (row) => presentSession(ctx, row)))
    },
  }),
  defineEndpoint({
    id: 'sessions_revoke',
    method: 'DELETE',
    path: '/v1/sessions/{id}',
    access: 'session',
    tag,
    summary: 'End one of your sessions',
    description: 'Its tokens stop working at once.',
    params: z.object({ id: idInput('session') }),
    responses: { 204: null },
    handler: async ({ ctx, params: { id }, deps }) => {
      await revokeSession(ctx, id, { system: deps.database.system })
      deps.sessionCache.forget(id)
      return noContent()
    },
  }),
]
