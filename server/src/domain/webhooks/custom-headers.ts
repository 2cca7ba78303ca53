import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import type { SecretBox } from '../../base/secret-box.ts'

export type CustomHeaders = Record<string, string>

const maxHeaders = 20
const name = z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,64}$/, 'is not the name of a header')
const value = z
  .string()
  .max(1_024)
  .regex(/^[\t\x20-\x7e]*$/, 'may hold printable ASCII only, on one line')

export const CustomHeaders = z
  .record(name, value)
  .refine((headers) => Object.keys(headers).length <= maxHeaders, `must not name more than ${maxHeaders} headers`)
  .meta({
    description:
      'Sent with every delivery, for a gateway that wants a token of its own. They cannot replace the headers that Parley sends. The values are shown as `••••` from then on.',
    examples: [{ Authorization: 'Bearer of-the-gateway' }],
  })

const reserved = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
])

const isOurs = (header: string, brand: string): boolean =>
  reserved.has(header) || header.startsWith('webhook-') || header.startsWith(`x-${brand.toLowerCase()}-`)

/** Throws BAD_REQUEST that names a header which is ours, or the connection's, or comes twice. */
export const checkHeaders = (headers: CustomHeaders, brand: string): void => {
  const seen = new Set<string>()
  for (const given of Object.keys(headers)) {
    const header = given.toLowerCase()
    if (isOurs(header, brand))
      throw new AppError('BAD_REQUEST', `The header ${given} cannot be set: deliveries carry it themselves.`, {
        param: 'headers',
      })
    if (seen.has(header)) throw new AppError('BAD_REQUEST', `The header ${given} is named twice.`, { param: 'headers' })
    seen.add(header)
  }
}

const ownerOf = (webhookId: string): string => `webhook-headers:${webhookId}`

export const sealHeaders = (box: SecretBox, webhookId: string, headers: CustomHeaders): Buffer | null =>
  Object.keys(headers).length === 0 ? null : box.seal(JSON.stringify(headers), ownerOf(webhookId))

/** Throws SecretBoxError. */
export const openHeaders = (box: SecretBox, webhookId: string, sealed: Uint8Array | null): CustomHeaders =>
  sealed === null ? {} : JSON.parse(box.open(sealed, ownerOf(webhookId)).toString())

/** What is shown of header values. */
export const maskHeaders = (names: readonly string[]): CustomHeaders =>
  Object.fromEntries(names.map((given) => [given, '••••']))
