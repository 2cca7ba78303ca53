import { z } from 'zod'
import { idOutput, timeOutput } from '../wire.ts'

export const sourceTypes = ['text', 'qa', 'file', 'url', 'crawl', 'openapi'] as const
export const sourceStatuses = ['queued', 'processing', 'ready', 'failed'] as const

const questionPair = z.strictObject({
  question: z.string().trim().min(1, 'must not be empty').max(2_000),
  answer: z.string().trim().min(1, 'must not be empty').max(20_000),
})

const canonicalLanguage = (text: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(text)[0]
  } catch {
    return undefined
  }
}

const language = z
  .string()
  .max(35)
  .transform((text, issue): string => {
    const found = canonicalLanguage(text)
    if (found !== undefined) return found
    issue.addIssue({ code: 'custom', message: 'must be a language tag like en or pt-BR' })
    return z.NEVER
  })

/**
 * Which fields a type needs: `text` content; `qa` content or items; `file` an uploaded file, or content; `url` and
 * `crawl` url; `openapi` content, url or an uploaded file.
 */
export const CreateKnowledgeSource = z.strictObject({
  type: z
    .enum(sourceTypes)
    .optional()
    .meta({ description: 'What the source is. May be left out when a file is uploaded: `file`.' }),
  name: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(200)
    .optional()
    .meta({
      description: 'Shown beside citations. Default: the name of the file, or the URL.',
      examples: ['Refund policy'],
    }),
  content: z.string().max(1_000_000).optional().meta({
    description:
      'The text itself, for `text`, `qa` (lines that begin with `Q:` and `A:`, or JSON), `openapi` (JSON or YAML) and `file`.',
  }),
  file_name: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(255)
    .optional()
    .meta({
      description: 'With `type: file` and `content`: its ending says how the content is read.',
      examples: ['refunds.md'],
    }),
  items: z
    .array(questionPair)
    .min(1, 'must not be empty')
    .max(2_000)
    .optional()
    .meta({ description: 'The pairs of a `qa` source.' }),
  url: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(2_048)
    .optional()
    .meta({
      description: 'The page (`url`), the first page of a site (`crawl`) or the document (`openapi`) to fetch.',
      examples: ['https://example.com/help'],
    }),
  language: language
    .optional()
    .meta({ description: 'The language of the text, for search. Default: `en`.', examples: ['en', 'de'] }),
  audience: z
    .enum(['public', 'internal'])
    .optional()
    .meta({ description: '`internal` is never quoted to customers. Default: `public`.' }),
})

export const KnowledgeSource = z
  .object({
    id: idOutput('knowledgeSource'),
    type: z.enum(sourceTypes),
    name: z.string(),
    url: z.string().nullable(),
    language: z.string(),
    audience: z.enum(['public', 'internal']),
    status: z.enum(sourceStatuses).meta({
      description:
        'While a source that was `ready` before is ingested again, answers go on drawing on its old version.',
    }),
    error: z.object({ code: z.string(), message: z.string() }).nullable().meta({
      description: 'Why the last ingest failed. A `ready` source with an error still holds its older version.',
    }),
    progress: z
      .object({ done: z.number().int().min(0), total: z.number().int().min(0) })
      .nullable()
      .meta({ description: 'Pages read and pages known so far, while the source is being processed.' }),
    version: z
      .number()
      .int()
      .min(0)
      .meta({ description: 'Counts every ingest that changed the text; 0 before the first.' }),
    chunk_count: z.number().int().min(0),
    character_count: z.number().int().min(0),
    fetched_at: timeOutput.nullable().meta({ description: 'When the text was last read from where it comes from.' }),
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'KnowledgeSource' })

export const KnowledgeChunk = z
  .object({
    id: idOutput('chunk'),
    ordinal: z.number().int().min(0).meta({ description: 'Counts from 0 through the whole source.' }),
    document_id: idOutput('knowledgeDocument'),
    title: z
      .string()
      .meta({ description: 'The titles and headings the passage stands under.', examples: ['Refunds › Deadlines'] }),
    text: z.string(),
    start: z
      .number()
      .int()
      .meta({ description: 'Where the passage begins in the text of its document, in UTF-16 code units.' }),
    end: z.number().int().min(0),
  })
  .meta({ id: 'KnowledgeChunk' })

export const KnowledgeDocument = z
  .object({
    id: idOutput('knowledgeDocument'),
    title: z.string().nullable(),
    url: z.string().nullable(),
    text: z
      .string()
      .meta({ description: 'The text as it is stored, cut and quoted; offsets of chunks and citations count in it.' }),
    error: z.string().nullable().meta({ description: 'Why this page could not be read; its text is empty then.' }),
  })
  .meta({ id: 'KnowledgeDocument' })

export const KnowledgeSourceDeletedData = z.object({ id: idOutput('knowledgeSource'), deleted_at: timeOutput })
