import { z } from 'zod'
import { idOutput, timeOutput } from '../wire.ts'

export const loggedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const statusPattern = /^[1-5](?:\d\d|xx)$/

/** One status, or a class of them; a range inside, `below` excluded. */
export const StatusFilter = z
  .string()
  .regex(statusPattern, 'must be a status such as 404, or a class such as 4xx')
  .transform((text) => {
    const from = Number(text.replace('xx', '00'))
    return { from, below: text.endsWith('xx') ? from + 100 : from + 1 }
  })
  .meta({ description: 'A status, or a class of them.', examples: ['404', '5xx'] })

export const RequestLog = z
  .object({
    id: idOutput('requestLog'),
    created_at: timeOutput.meta({ description: 'When the answer was sent.' }),
    request_id: z.string().meta({ description: 'The `X-Request-Id` of the answer.' }),
    key_id: idOutput('apiKey').nullable(),
    method: z.string().meta({ examples: ['POST'] }),
    route: z
      .string()
      .meta({ description: 'The path as documented, without its values.', examples: ['/v1/contacts/{id}'] }),
    status: z.number().int().min(0),
    error_code: z
      .string()
      .nullable()
      .meta({ examples: ['NOT_FOUND'] }),
    duration_ms: z.number(),
    bytes_in: z.number().int().min(0).meta({ description: 'Size of the body that was read.' }),
    bytes_out: z
      .number()
      .int()
      .min(0)
      .nullable()
      .meta({ description: 'Size of the answer; null where it was a stream.' }),
    address: z.string().meta({ examples: ['203.0.113.7'] }),
    idempotency_key_hash: z
      .string()
      .nullable()
      .meta({ description: 'The first 16 hexadecimal digits of the SHA-256 of the `Idempotency-Key`.' }),
  })
  .meta({ id: 'RequestLog' })
