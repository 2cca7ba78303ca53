import { z } from 'zod'
import {
  Account,
  CreateAccount,
  createAccount,
  getAccount,
  listAccounts,
  presentAccount,
  UpdateAccount,
  updateAccount,
} from '../../domain/accounts/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, ok } from '../endpoint.ts'
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
    summary: 'List your own account and those of your clients, newest first',
    description:
      'The account of the key itself is in the list too. A live key sees live accounts, a sandbox key their sandboxes.',
    query: z.strictObject({
      ...pageQuery,
      parent: idInput('workspace').optional().meta({ description: 'Only accounts that belong to this one.' }),
      reference: z.string().min(1).max(200).optional().meta({ description: 'Only the account with this reference.' }),
      sandbox_of: idInput('workspace').optional().meta({ description: 'Only the sandbox of this live account.' }),
    }),
    responses: { 200: listOf(Account) },
    handler: async ({ ctx, query: { parent, reference, sandbox_of, ...page } }) => {
      const found = await listAccounts(ctx, { parent, reference, sandboxOf: sandbox_of }, pageOf('workspace', page))
      return ok(presentPage('workspace', found, (row) => presentAccount(ctx, row)))
    },
  }),
  defineEndpoint({
    id: 'accounts_create',
    method: 'POST',
    path: '/v1/accounts',
    access: 'accounts:write',
    tag,
    summary: 'Make an account for a client',
    description:
      'A workspace of its own, with an agent. A live key also makes its sandbox; a sandbox key makes a sandbox alone. To act in it, send its id as `Parley-Workspace`.',
    body: CreateAccount,
    responses: { 201: Account },
    handler: async ({ ctx, body }) => created(presentAccount(ctx, await createAccount(ctx, body))),
  }),
  defineEndpoint({
    id: 'accounts_get',
    method: 'GET',
    path: '/v1/accounts/{id}',
    access: 'accounts:read',
    tag,
    summary: 'Read your own account, or that of a client',
    params,
    responses: { 200: Account },
    handler: async ({ ctx, params: { id } }) => ok(presentAccount(ctx, await getAccount(ctx, id))),
  }),
  defineEndpoint({
    id: 'accounts_update',
    method: 'PATCH',
    path: '/v1/accounts/{id}',
    access: 'accounts:write',
    tag,
    summary: 'Change an account, suspend it, or make it active again',
    description:
      'Fields that are absent stay as they are. Of your own account only the name can be changed. The sandbox of an account follows its name, plan and status.',
    params,
    body: UpdateAccount,
    responses: { 200: Account },
    handler: async ({ ctx, params: { id }, body }) => ok(presentAccount(ctx, await updateAccount(ctx, id, body))),
  }),
]
