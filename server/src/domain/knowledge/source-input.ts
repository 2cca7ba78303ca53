import type { z } from 'zod'
import type { AddressPolicy } from '../../base/address.ts'
import { AppError } from '../../base/errors.ts'
import { readOutgoingUrl } from '../outgoing-url.ts'
import type { CreateKnowledgeSource } from './contract.ts'

type Body = z.output<typeof CreateKnowledgeSource>
type SourceType = NonNullable<Body['type']>

/** A file as a form brought it. */
export type SourceFile = { name: string; mediaType: string; bytes: Buffer }

export type Upload = { fileName: string | null; mediaType: string; bytes: Buffer }

/** A source that makes sense: its text is at hand (`upload`) or has an address (`url`), never both. */
export type SourceInput = { type: SourceType; name: string; url: string | null; upload: Upload | null }

type Given = 'content' | 'items' | 'url' | 'file'

/** Of each type, what its text may come as; exactly one must be there. */
const comesAs: Record<SourceType, readonly Given[]> = {
  text: ['content'],
  qa: ['content', 'items', 'file'],
  file: ['file', 'content'],
  url: ['url'],
  crawl: ['url'],
  openapi: ['content', 'url', 'file'],
}

const refuse = (param: string, message: string): never => {
  throw new AppError('BAD_REQUEST', message, { param })
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(' or ')

const givenOf = (body: Body, file: SourceFile | undefined): Given[] => [
  ...(['content', 'items', 'url'] as const).filter((name) => body[name] !== undefined),
  ...(file ? (['file'] as const) : []),
]

const theOneGiven = (type: SourceType, body: Body, file: SourceFile | undefined): Given => {
  const allowed = comesAs[type]
  const given = givenOf(body, file)
  const stray = given.find((name) => !allowed.includes(name))
  if (stray) return refuse(stray, `A source of type '${type}' takes ${quoted(allowed)}, not '${stray}'.`)
  if (given.length > 1) return refuse(given[1]!, `Send either ${quoted(given)}, not both.`)
  return given[0] ?? refuse(allowed[0]!, `A source of type '${type}' needs ${quoted(allowed)}.`)
}

const uploadOf = (type: SourceType, given: Given, body: Body, file: SourceFile | undefined): Upload | null => {
  if (given === 'url') return null
  if (given === 'file') return { fileName: file!.name || null, mediaType: file!.mediaType, bytes: file!.bytes }
  const text = given === 'items' ? JSON.stringify(body.items) : body.content!
  const fileName = type === 'file' ? (body.file_name ?? null) : null
  return { fileName, mediaType: '', bytes: Buffer.from(text) }
}

/** Whether the parts of a request fit together. Throws BAD_REQUEST that names the field at fault. */
export const readSourceInput = (body: Body, file: SourceFile | undefined, policy: AddressPolicy): SourceInput => {
  const type = body.type ?? (file ? 'file' : refuse('type', "'type' is required."))
  const given = theOneGiven(type, body, file)
  if (body.file_name !== undefined && (type !== 'file' || given !== 'content'))
    refuse('file_name', "'file_name' goes with 'content' of type 'file'.")
  const upload = uploadOf(type, given, body, file)
  if (upload && (upload.bytes.length === 0 || (given === 'content' && !body.content!.trim())))
    refuse(given, `'${given}' must not be empty.`)
  const url = given === 'url' ? readOutgoingUrl(body.url!, policy) : null
  const name = body.name ?? upload?.fileName ?? url ?? refuse('name', "'name' is required.")
  return { type, name: name.slice(0, 200).toWellFormed(), url, upload }
}
