import { z } from 'zod'
import {
  AddAllowedDomain,
  Agent,
  AgentVersion,
  AllowedDomain,
  addAllowedDomain,
  CreateAgent,
  createAgent,
  domainInput,
  getAgent,
  getAgentVersion,
  listAgents,
  listAgentVersions,
  listAllowedDomains,
  presentAgent,
  presentAgentVersion,
  presentAllowedDomain,
  removeAllowedDomain,
  UpdateAgent,
  updateAgent,
} from '../../domain/agents/index.ts'
import { idInput, listOf, pageQuery } from '../../domain/wire.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'
import { pageOf, presentPage } from '../pages.ts'

const params = z.object({ id: idInput('agent') })
const tag = 'Agents'

export const agentEndpoints = [
  defineEndpoint({
    id: 'agents_list',
    method: 'GET',
    path: '/v1/agents',
    access: 'agents:read',
    tag,
    summary: 'List agents, newest first',
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(Agent) },
    handler: async ({ ctx, query }) =>
      ok(presentPage('agent', await listAgents(ctx, pageOf('agent', query)), presentAgent)),
  }),
  defineEndpoint({
    id: 'agents_create',
    method: 'POST',
    path: '/v1/agents',
    access: 'agents:write',
    tag,
    summary: 'Create an agent',
    description: 'Everything but the name has a default. The first agent of a workspace is its default agent.',
    body: CreateAgent,
    responses: { 201: Agent },
    errors: [422],
    handler: async ({ ctx, body }) => created(presentAgent(await createAgent(ctx, body))),
  }),
  defineEndpoint({
    id: 'agents_get',
    method: 'GET',
    path: '/v1/agents/{id}',
    access: 'agents:read',
    tag,
    summary: 'Read an agent',
    params,
    responses: { 200: Agent },
    handler: async ({ ctx, params: { id } }) => ok(presentAgent(await getAgent(ctx, id))),
  }),
  defineEndpoint({
    id: 'agents_update',
    method: 'PATCH',
    path: '/v1/agents/{id}',
    access: 'agents:write',
    tag,
    summary: 'Change an agent',
    description:
      'Fields that are absent stay as they are; `thresholds` and `appearance` are merged. Every change of the configuration makes a new version; a request that changes nothing makes none.',
    params,
    body: UpdateAgent,
    responses: { 200: Agent },
    errors: [422],
    handler: async ({ ctx, params: { id }, body }) => ok(presentAgent(await updateAgent(ctx, id, body))),
  }),
  defineEndpoint({
    id: 'agents_list_versions',
    method: 'GET',
    path: '/v1/agents/{id}/versions',
    access: 'agents:read',
    tag,
    summary: 'List the versions of an agent, newest first',
    params,
    query: z.strictObject(pageQuery),
    responses: { 200: listOf(AgentVersion) },
    handler: async ({ ctx, params: { id }, query }) =>
      ok(
        presentPage(
          'agentVersion',
          await listAgentVersions(ctx, id, pageOf('agentVersion', query)),
          presentAgentVersion,
        ),
      ),
  }),
  defineEndpoint({
    id: 'agents_get_version',
    method: 'GET',
    path: '/v1/agents/{id}/versions/{version_id}',
    access: 'agents:read',
    tag,
    summary: 'Read a version of an agent',
    description: 'The exact configuration that produced a message: `agent_version_id` of the message leads here.',
    params: params.extend({ version_id: idInput('agentVersion') }),
    responses: { 200: AgentVersion },
    handler: async ({ ctx, params: { id, version_id } }) =>
      ok(presentAgentVersion(await getAgentVersion(ctx, { agentId: id, versionId: version_id }))),
  }),
  defineEndpoint({
    id: 'agents_list_allowed_domains',
    method: 'GET',
    path: '/v1/agents/{id}/allowed-domains',
    access: 'agents:read',
    tag,
    summary: 'List the sites that may show an agent, oldest first',
    description: 'All of them in one page: an agent has at most a hundred.',
    params,
    responses: { 200: listOf(AllowedDomain) },
    handler: async ({ ctx, params: { id } }) =>
      ok({ data: (await listAllowedDomains(ctx, id)).map(presentAllowedDomain), has_more: false, next_cursor: null }),
  }),
  defineEndpoint({
    id: 'agents_add_allowed_domain',
    method: 'POST',
    path: '/v1/agents/{id}/allowed-domains',
    access: 'agents:write',
    tag,
    summary: 'Let a site show an agent',
    params,
    body: AddAllowedDomain,
    responses: { 201: AllowedDomain },
    errors: [409, 422],
    handler: async ({ ctx, params: { id }, body }) =>
      created(presentAllowedDomain(await addAllowedDomain(ctx, { agentId: id, domain: body.domain }))),
  }),
  defineEndpoint({
    id: 'agents_remove_allowed_domain',
    method: 'DELETE',
    path: '/v1/agents/{id}/allowed-domains/{domain}',
    access: 'agents:write',
    tag,
    summary: 'Stop a site from showing an agent',
    params: params.extend({ domain: domainInput }),
    responses: { 204: null },
    handler: async ({ ctx, params: { id, domain } }) => {
      await removeAllowedDomain(ctx, { agentId: id, domain })
      return noContent()
    },
  }),
]
