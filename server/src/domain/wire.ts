import { z } from 'zod'
import { fromWireId, type IdKind, idPrefixes } from '../base/ids.ts'

/** The building blocks of every wire contract: ids, times, metadata, pages. */

const exampleBody = '01h455vb4pex5vsknk084sn02q'

/** An id as callers send it: the wire form or a plain UUID, in either case; a UUID inside. */
export const idInput = (kind: IdKind) =>
  z
    .string()
    .max(80)
    .transform((text, issue): string => {
      const uuid = fromWireId(kind, text)
      if (uuid !== undefined) return uuid
      issue.addIssue({ code: 'custom', message: `must be an id like ${idPrefixes[kind]}_${exampleBody}` })
      return z.NEVER
    })
    .meta({
      description: `An id with the prefix \`${idPrefixes[kind]}_\`, or the plain UUID of the same bits.`,
      examples: [`${idPrefixes[kind]}_${exampleBody}`],
    })

/** An id as the server writes it. */
export const idOutput = (kind: IdKind) =>
  z
    .string()
    .regex(new RegExp(`^${idPrefixes[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`))
    .meta({ examples: [`${idPrefixes[kind]}_${exampleBody}`] })

/** A moment in UTC with milliseconds: `2026-03-11T11:22:00.000Z`. */
export const timeOutput = z.iso.datetime({ precision: 3 }).meta({ examples: ['2026-03-11T11:22:00.000Z'] })

export const timeInput = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .meta({ description: 'A moment in ISO 8601 with a zone.', examples: ['2026-03-11T11:22:00Z'] })

const metadataMaxBytes = 16_384

/** Any JSON object, at most 16 KiB as text. */
export const metadataInput = z
  .record(z.string().max(100), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= metadataMaxBytes,
    `must be at most ${metadataMaxBytes} characters as JSON`,
  )
  .meta({ description: 'Any JSON object, at most 16 KiB as text.', examples: [{ deal_value: 12000 }] })

export const metadataOutput = z.record(z.string(), z.unknown())

/** A whole number written in a query string. */
export const integerQuery = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

export const booleanQuery = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((text) => text === 'true' || text === '1')

/** `limit` and `cursor` of every list. */
export const pageQuery = {
  limit: integerQuery(1, 100)
    .optional()
    .meta({ description: 'How many to return, 1 to 100. Default: 20.', type: 'integer' }),
  cursor: z.string().max(512).optional().meta({ description: 'The `next_cursor` of the page before.' }),
}

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    data: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  })

/** Where a page begins and how long it is; `after` is the id of the last row of the page before. */
export type PageInput = { limit: number; after: string | null }

export type Page<Row> = { rows: Row[]; hasMore: boolean }

/** Cuts the one row too many that was asked for to learn whether there is more. */
export const toPage = <Row>(rows: Row[], limit: number): Page<Row> => ({
  rows: rows.slice(0, limit),
  hasMore: rows.length > limit,
})
