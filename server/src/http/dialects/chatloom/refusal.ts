import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { ErrorBody } from '../../errors.ts'

/** How this dialect says that a request failed: one text, without an envelope. */
export const FlatError = z
  .object({ error: z.string().meta({ description: 'Says what to do; for people, not for programs.' }) })
  .meta({ id: 'FlatError' })

/** Whether what is asked for at this path fails in the words of this dialect. */
export const speaksChatloom = (path: string): boolean => path.startsWith('/api/plugin/')

type Refused = { url: string; headers: IncomingHttpHeaders }
type Refusal = { status: number; headers: Record<string, string>; body: z.infer<typeof FlatError> }

const messageOf = ({ code, message }: ErrorBody['error'], { headers }: Refused): string => {
  if (code !== 'UNAUTHORIZED') return message
  return headers.authorization || headers['x-api-key']
    ? 'The API key is invalid, expired or malformed.'
    : 'API key is required. Please provide it in Authorization or X-API-Key header.'
}

/** A failed request as the dialect's page has it: a flat error, and a redirect where plain http was spoken. */
export const refusalOf = ({ error }: ErrorBody, request: Refused, host: string): Refusal => {
  const moved = error.code === 'UPGRADE_REQUIRED'
  return {
    status: moved ? 308 : error.status,
    headers: moved ? { location: `https://${host}${request.url}` } : {},
    body: { error: messageOf(error, request) },
  }
}
