import { readdir, readFile } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'

const sections = ['guide', 'reference'] as const

/** The guide in the order in which it is read; a page that is missing here comes last. */
export const readingOrder: readonly string[] = [
  'quickstart',
  'concepts',
  'authentication',
  'knowledge',
  'agents',
  'chat',
  'conversations',
  'contacts',
  'events',
  'webhooks',
  'receivers',
  'widget',
  'users',
  'agencies',
  'errors-and-limits',
  'reliability',
  'observability',
  'model',
  'dialects',
  'self-hosting',
]

const placeOf = ({ name }: { name: string }): number => {
  const place = readingOrder.indexOf(name)
  return place < 0 ? readingOrder.length : place
}

export type DocsPage = { section: (typeof sections)[number]; name: string; title: string; markdown: string }

// The guide has a page of this name too, so the one of the reference is served under the name of what it lists.
const namesakes: Readonly<Record<string, string>> = { 'reference/events': 'event-types' }

/** Under which name a file of `docs/` is served. */
export const servedName = (section: string, file: string): string => namesakes[`${section}/${file}`] ?? file

const titleOf = (markdown: string, name: string): string => /^# (.+)$/m.exec(markdown)?.[1] ?? name

/** Every page of the guide, in the order in which it is read, and of the reference, by name. */
export const readPages = async (): Promise<DocsPage[]> => {
  const pages = await Promise.all(
    sections.map(async (section) => {
      const folder = new URL(`../../../../docs/${section}/`, import.meta.url)
      const files = (await readdir(folder)).filter((file) => file.endsWith('.md')).sort()
      return Promise.all(
        files.map(async (file) => {
          const markdown = await readFile(new URL(file, folder), 'utf8')
          const name = servedName(section, file.slice(0, -'.md'.length))
          return { section, name, title: titleOf(markdown, name), markdown }
        }),
      )
    }),
  )
  return pages.flatMap((section) => section.sort((a, b) => placeOf(a) - placeOf(b)))
}

/** One page by its name. Throws NOT_FOUND. */
export const readPage = async (name: string): Promise<DocsPage> => {
  const page = (await readPages()).find((one) => one.name === name)
  if (!page)
    throw new AppError(
      'NOT_FOUND',
      `There is no page /docs/${name} here. The guide begins at /docs and lists them all.`,
    )
  return page
}
