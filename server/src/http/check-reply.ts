import type { Endpoint, JsonReply } from './endpoint.ts'

/** Throws where an answer is not what its endpoint declares. */
export const checkReply = (endpoint: Endpoint, reply: JsonReply): void => {
  const schema = endpoint.responses[reply.status]
  if (schema === undefined) throw new Error(`${endpoint.id} answered ${reply.status}, which it does not declare`)
  if (schema === null ? reply.body !== undefined : !schema.safeParse(reply.body).success)
    throw new Error(
      `${endpoint.id} answered with a body that does not fit its schema: ${schema?.safeParse(reply.body).error?.message ?? 'no body is declared'}`,
    )
}
