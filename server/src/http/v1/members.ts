import { z } from 'zod'
import {
  AcceptInvite,
  acceptInvite,
  CreateInvite,
  createInvite,
  Invite,
  listInvites,
  listMembers,
  Member,
  NewInvite,
  presentInvite,
  presentMember,
  removeMember,
  revokeInvite,
  UpdateMember,
  updateMember,
} from '../../domain/users/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ user_id: idInput('user') })

const memberTag = 'Members'
const inviteTag = 'Invites'

export const memberEndpoints = [
  defineEndpoint({
    id: 'members_list',
    method: 'GET',
    path: '/v1/members',
    access: 'members:read',
    tag: memberTag,
    summary: 'List the people of the workspace, the newest account first',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(Member) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('user', await listMembers(ctx, pageOf('user', query)), presentMember)),
  }),
  defineEndpoint({
    id: 'members_update',
    method: 'PATCH',
    path: '/v1/members/{user_id}',
    access: 'members:write',
    tag: memberTag,
    summary: 'Give a member another role',
    description: 'Nobody can give or take a role that may do more than they. The last owner stays an owner.',
    params,
    body: UpdateMember,
    responses: { 200: Member },
    errors: [409],
    handler: async ({ ctx, params: { user_id: userId }, body, deps, afterCommit }) => {
      const row = await updateMember(ctx, { userId, role: body.role })
      afterCommit(() => deps.sessionCache.forgetUser(userId))
      return ok(presentMember(row))
    },
  }),
  defineEndpoint({
    id: 'members_remove',
    method: 'DELETE',
    path: '/v1/members/{user_id}',
    access: 'members:write',
    tag: memberTag,
    summary: 'Take a person out of the workspace',
    description:
      'Their sessions in it end at once, and so does an invite to them that is still open. API keys that they minted stay. The last owner cannot be removed.',
    params,
    responses: { 204: null },
    errors: [409],
    handler: async ({ ctx, params: { user_id: userId }, deps }) => {
      await removeMember(ctx, userId)
      deps.sessionCache.forgetUser(userId)
      return noContent()
    },
  }),
]

export const inviteEndpoints = [
  defineEndpoint({
    id: 'invites_list',
    method: 'GET',
    path: '/v1/invites',
    access: 'members:read',
    tag: inviteTag,
    summary: 'List invites, newest first',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(Invite) },
    handler: async ({ ctx, query }) => {
      const now = ctx.clock.now()
      const page = await listInvites(ctx, pageOf('invite', query))
      return ok(presentPage('invite', page, (row) => presentInvite(row, now)))
    },
  }),
  defineEndpoint({
    id: 'invites_create',
    method: 'POST',
    path: '/v1/invites',
    access: 'members:write',
    tag: inviteTag,
    summary: 'Invite a person',
    description:
      'The answer is the only place where `token` is ever shown: pass it to the person, who is also mailed it where the server sends mail. It works once, for seven days, and a newer invite to the same address ends it.',
    body: CreateInvite,
    responses: { 201: NewInvite },
    errors: [409],
    answersSecret: true,
    handler: async ({ ctx, body, deps }) => {
      const { row, token } = await createInvite(ctx, body, deps)
      return created({ ...presentInvite(row, ctx.clock.now()), token })
    },
  }),
  defineEndpoint({
    id: 'invites_accept',
    method: 'POST',
    path: '/v1/invites/accept',
    access: 'public',
    tag: inviteTag,
    summary: 'Become a member by an invite',
    description: 'Makes an account; for an e-mail address that has one, `password` must be its password. Then sign in.',
    body: AcceptInvite,
    responses: { 201: Member },
    errors: [401, 404, 409, 503],
    idempotency: 'none',
    handler: async ({ body, deps, address, requestId }) => {
      const outside = { ...deps, system: deps.database.system }
      return created(presentMember(await acceptInvite({ ...body, address, requestId }, outside)))
    },
  }),
  defineEndpoint({
    id: 'invites_revoke',
    method: 'DELETE',
    path: '/v1/invites/{id}',
    access: 'members:write',
    tag: inviteTag,
    summary: 'Withdraw an invite',
    params: z.object({ id: idInput('invite') }),
    responses: { 204: null },
    errors: [409],
    handler: async ({ ctx, params: { id } }) => {
      await revokeInvite(ctx, id)
      return noContent()
    },
  }),
]
