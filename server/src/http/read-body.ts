import { AppError } from '../base/errors.ts'
import { JsonError, parseJson } from '../base/json.ts'
import type { Settings } from './deps.ts'
import type { Endpoint } from './endpoint.ts'
import { parseMultipart, type UploadedFile } from './multipart.ts'
import { validate } from './validate.ts'

const maxDepth = 32

export type BodyHeaders = { 'content-type'?: string | undefined; 'content-encoding'?: string | undefined }

type ReadBody = { body: unknown; file: UploadedFile | undefined }

const isJson = (mediaType: string): boolean =>
  mediaType === '' || mediaType === 'application/json' || mediaType.endsWith('+json')

const parse = (bytes: Buffer): unknown => {
  try {
    return parseJson(bytes, { maxDepth })
  } catch (error) {
    if (error instanceof JsonError)
      throw new AppError('BAD_REQUEST', error.message, { details: { reason: error.code } })
    throw error
  }
}

/** Reads and validates the body that an endpoint declares. Throws BAD_REQUEST, PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE. */
export const readBody = async (
  endpoint: Endpoint,
  bytes: Buffer | undefined,
  { 'content-type': contentType = '', 'content-encoding': encoding = 'identity' }: BodyHeaders,
  settings: Settings,
): Promise<ReadBody> => {
  if (!endpoint.body) return { body: undefined, file: undefined }
  if (encoding.trim().toLowerCase() !== 'identity')
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is, without a Content-Encoding.', {
      param: 'Content-Encoding',
    })
  const mediaType = contentType.split(';')[0]!.trim().toLowerCase()
  if (mediaType === 'multipart/form-data' && endpoint.acceptsFile) {
    const { fields, file } = await parseMultipart(bytes ?? Buffer.alloc(0), contentType)
    return { body: validate(endpoint.body, fields), file }
  }
  if (!isJson(mediaType))
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Send the body as application/json${endpoint.acceptsFile ? ' or multipart/form-data' : ''}.`,
      { param: 'Content-Type' },
    )
  if (bytes && bytes.length > settings.bodyLimitBytes)
    throw new AppError('PAYLOAD_TOO_LARGE', `A JSON body may be at most ${settings.bodyLimitBytes} bytes.`)
  return { body: validate(endpoint.body, bytes && bytes.length > 0 ? parse(bytes) : {}), file: undefined }
}
