import { MIMEType } from 'node:util'
import { AppError } from '../base/errors.ts'
import { JsonError, parseJson } from '../base/json.ts'
import { refuseNul } from './validate.ts'

export type UploadedFile = { name: string; mediaType: string; bytes: Buffer }

const maxDepth = 32
// Many times what any form here has. The parser costs time and memory for every part.
const maxParts = 100
const jsonFields = new Set(['metadata'])

/**
 * Reads a multipart form: at most one file, and plain fields that stand for those of the JSON body. The platform's own
 * parser does the work on a body that is already within its cap.
 */
export const parseMultipart = async (
  bytes: Buffer,
  contentType: string,
): Promise<{ fields: Record<string, unknown>; file: UploadedFile | undefined }> => {
  const boundary = boundaryOf(contentType)
  if (!boundary) throw new AppError('BAD_REQUEST', 'The multipart form names no boundary in its content type.')
  if (hasMoreParts(bytes, `--${boundary}`))
    throw new AppError('BAD_REQUEST', `A form may have at most ${maxParts} parts.`)
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } })
    .formData()
    .catch((cause) => {
      throw new AppError('BAD_REQUEST', 'The multipart form could not be read: check its boundary.', { cause })
    })
  // Without a prototype, a field named __proto__ is a field like any other, and so an unknown one.
  const fields: Record<string, unknown> = Object.create(null)
  let file: UploadedFile | undefined
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      if (file) throw new AppError('BAD_REQUEST', 'Only one file can be sent in one request.', { param: name })
      refuseNul({ [name]: value.name })
      file = { name: value.name, mediaType: value.type, bytes: Buffer.from(await value.arrayBuffer()) }
    } else if (Object.hasOwn(fields, name))
      throw new AppError('BAD_REQUEST', `The field '${name.slice(0, 80)}' is sent twice.`, { param: name })
    else fields[name] = jsonFields.has(name) ? parseField(name, value) : value
  }
  return { fields: refuseNul(fields), file }
}

/** The end of a form is one more boundary than it has parts. */
const hasMoreParts = (bytes: Buffer, boundary: string): boolean => {
  let at = bytes.indexOf(boundary)
  for (let found = 0; at >= 0; found++) {
    if (found > maxParts) return true
    at = bytes.indexOf(boundary, at + boundary.length)
  }
  return false
}

const boundaryOf = (contentType: string): string => {
  try {
    return new MIMEType(contentType).params.get('boundary') ?? ''
  } catch {
    return ''
  }
}

const parseField = (name: string, value: string): unknown => {
  try {
    return parseJson(Buffer.from(value), { maxDepth })
  } catch (error) {
    if (error instanceof JsonError)
      throw new AppError('BAD_REQUEST', `The field '${name}' must be JSON. ${error.message}`, {
        param: name,
        details: { reason: error.code },
      })
    throw error
  }
}
