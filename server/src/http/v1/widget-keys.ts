import { z } from 'zod'
import {
  CreateWidgetKey,
  createWidgetKey,
  getWidgetKey,
  listWidgetKeys,
  presentWidgetKey,
  revokeWidgetKey,
  WidgetKey,
} from '../../domain/widget/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const ofAgent = z.object({ id: idInput('agent') })
const params = ofAgent.extend({ key_id: idInput('widgetKey') })
const tag = 'Widget keys'

export const widgetKeyEndpoints = [
  defineEndpoint({
    id: 'widget_keys_list',
    method: 'GET',
    path: '/v1/agents/{id}/widget-keys',
    access: 'agents:read',
    tag,
    summary: 'List the widget keys of an agent, newest first',
    params: ofAgent,
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(WidgetKey) },
    handler: async ({ ctx, params: { id }, query }) =>
      ok(
        presentPage('widgetKey', await listWidgetKeys(ctx, id, pageOf('widgetKey', query)), (row) =>
          presentWidgetKey(ctx, row),
        ),
      ),
  }),
  defineEndpoint({
    id: 'widget_keys_create',
    method: 'POST',
    path: '/v1/agents/{id}/widget-keys',
    access: 'agents:write',
    tag,
    summary: 'Make a widget key for an agent',
    description:
      'A widget key is public: it stands in the source of the pages that show the agent, and it opens nothing but `/widget/v1`.',
    params: ofAgent,
    body: CreateWidgetKey,
    responses: { 201: WidgetKey },
    handler: async ({ ctx, params: { id }, body, deps }) =>
      created(presentWidgetKey(ctx, await createWidgetKey(ctx, id, body, deps))),
  }),
  defineEndpoint({
    id: 'widget_keys_get',
    method: 'GET',
    path: '/v1/agents/{id}/widget-keys/{key_id}',
    access: 'agents:read',
    tag,
    summary: 'Read a widget key',
    params,
    responses: { 200: WidgetKey },
    handler: async ({ ctx, params: { id, key_id } }) =>
      ok(presentWidgetKey(ctx, await getWidgetKey(ctx, { agentId: id, keyId: key_id }))),
  }),
  defineEndpoint({
    id: 'widget_keys_revoke',
    method: 'DELETE',
    path: '/v1/agents/{id}/widget-keys/{key_id}',
    access: 'agents:write',
    tag,
    summary: 'Revoke a widget key',
    description:
      'No page opens a conversation by it any more. Conversations that are open keep their secrets until these expire. The key stays in the list, as evidence.',
    params,
    responses: { 204: null },
    handler: async ({ ctx, params: { id, key_id } }) => {
      await revokeWidgetKey(ctx, { agentId: id, keyId: key_id })
      return noContent()
    },
  }),
]
