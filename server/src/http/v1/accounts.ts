import { z } from 'zod'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { Account, getWorkspace, listWorkspaces, presentAccount } from '../../domain/workspaces/index.ts'
import { defineEndpoint, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('workspace') })
const tag = 'Accounts'

export const accountEndpoints = [
  defineEndpoint({
    id: 'accounts_list',
    method: 'GET',
    path: '/v1/accounts',
    access: 'accounts:read',
    tag,
    summary: 'List the workspaces that this key can see',
    description: 'A key belongs to one workspace, so the list holds that one.',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(Account) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('workspace', await listWorkspaces(ctx, pageOf('workspace', query)), presentAccount)),
  }),
  defineEndpoint({
    id: 'accounts_get',
    method: 'GET',
    path: '/v1/accounts/{id}',
    access: 'accounts:read',
    tag,
    summary: 'Read a workspace',
    params,
    responses: { 200: Account },
    handler: async ({ ctx, params: { id } }) => ok(presentAccount(await getWorkspace(ctx, id))),
  }),
]
