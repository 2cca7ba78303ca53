import { z } from 'zod'
import {
  ApiKey,
  ApiKeyValidity,
  CreateApiKey,
  createKey,
  getKey,
  listKeys,
  NewApiKey,
  presentApiKey,
  RotateApiKey,
  revokeKey,
  rotateKey,
  UpdateApiKey,
  updateKey,
  validateKey,
} from '../../domain/api-keys/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('apiKey') })
const tag = 'API keys'

export const apiKeyEndpoints = [
  defineEndpoint({
    id: 'api_keys_list',
    method: 'GET',
    path: '/v1/api-keys',
    access: 'api_keys:manage',
    tag,
    summary: 'List API keys, newest first',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(ApiKey) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('apiKey', await listKeys(ctx, pageOf('apiKey', query)), (row) => presentApiKey(ctx, row))),
  }),
  defineEndpoint({
    id: 'api_keys_create',
    method: 'POST',
    path: '/v1/api-keys',
    access: 'api_keys:manage',
    tag,
    summary: 'Mint an API key',
    description:
      'The answer is the only place where `key` is ever shown. A key cannot mint one that may do more than it, from more addresses, for longer, or more often a minute; what is left out is as with itself.',
    body: CreateApiKey,
    responses: { 201: NewApiKey },
    answersSecret: true,
    handler: async ({ ctx, body, deps }) => {
      const { row, key } = await createKey(ctx, body, deps)
      return created({ ...presentApiKey(ctx, row), key })
    },
  }),
  defineEndpoint({
    id: 'api_keys_validate',
    method: 'GET',
    path: '/v1/api-keys/validate',
    access: 'any_key',
    tag,
    summary: 'Check the key that makes this request',
    responses: { 200: ApiKeyValidity },
    handler: async ({ ctx, deps }) => {
      await deps.keyCache.flush()
      return ok(await validateKey(ctx, { system: deps.database.system }))
    },
  }),
  defineEndpoint({
    id: 'api_keys_get',
    method: 'GET',
    path: '/v1/api-keys/{id}',
    access: 'api_keys:manage',
    tag,
    summary: 'Read an API key',
    params,
    responses: { 200: ApiKey },
    handler: async ({ ctx, params: { id } }) => ok(presentApiKey(ctx, await getKey(ctx, id))),
  }),
  defineEndpoint({
    id: 'api_keys_update',
    method: 'PATCH',
    path: '/v1/api-keys/{id}',
    access: 'api_keys:manage',
    tag,
    summary: 'Change an API key',
    description:
      'Fields that are absent stay as they are. Scopes never change: mint another key. Whoever could not mint the key, as it is and as it would be, cannot change it. Takes effect at once, and within a second in other processes.',
    params,
    body: UpdateApiKey,
    responses: { 200: ApiKey },
    errors: [409],
    handler: async ({ ctx, params: { id }, body, deps, afterCommit }) => {
      const row = await updateKey(ctx, id, body)
      afterCommit(() => deps.keyCache.forget(row.hash))
      return ok(presentApiKey(ctx, row))
    },
  }),
  defineEndpoint({
    id: 'api_keys_revoke',
    method: 'DELETE',
    path: '/v1/api-keys/{id}',
    access: 'api_keys:manage',
    tag,
    summary: 'Revoke an API key',
    description: 'The key stops working at once. It stays in the list, as evidence.',
    params,
    responses: { 204: null },
    handler: async ({ ctx, params: { id }, deps }) => {
      deps.keyCache.forget(await revokeKey(ctx, id))
      return noContent()
    },
  }),
  defineEndpoint({
    id: 'api_keys_rotate',
    method: 'POST',
    path: '/v1/api-keys/{id}/rotate',
    access: 'api_keys:manage',
    tag,
    summary: 'Replace an API key by a new one',
    description:
      'The new key has the same name, scopes, addresses and limit. The old one dies at once, or after `grace_seconds`.',
    params,
    body: RotateApiKey,
    responses: { 201: NewApiKey },
    errors: [409],
    answersSecret: true,
    handler: async ({ ctx, params: { id }, body, deps, afterCommit }) => {
      const { row, key, oldHash } = await rotateKey(ctx, { id, graceSeconds: body.grace_seconds ?? 0 }, deps)
      afterCommit(() => deps.keyCache.forget(oldHash))
      return created({ ...presentApiKey(ctx, row), key })
    },
  }),
]
