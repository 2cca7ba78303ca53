import { z } from 'zod'
import { readPage, readPages } from '../docs/read-page.ts'
import { renderPage } from '../docs/render-page.ts'
import { defineEndpoint } from '../endpoint.ts'

const security = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

export const docsEndpoints = [
  defineEndpoint({
    id: 'docs_index',
    method: 'GET',
    path: '/docs',
    access: 'public',
    tag: 'Documentation',
    summary: 'The guide, from its first page on',
    mediaType: 'text/html',
    responses: { 200: z.string() },
    handler: async () => {
      const pages = await readPages()
      const first = pages.find(({ name }) => name === 'quickstart') ?? pages[0]!
      return {
        status: 200,
        body: await renderPage(first, pages),
        headers: { ...security, 'content-type': 'text/html; charset=utf-8' },
      }
    },
  }),
  defineEndpoint({
    id: 'docs_page',
    method: 'GET',
    path: '/docs/{page}',
    access: 'public',
    tag: 'Documentation',
    summary: 'A page of the guide or the reference',
    description: 'With `.md` behind the name it comes as Markdown.',
    params: z.object({
      page: z
        .string()
        .regex(/^[a-z0-9-]{1,64}(\.md)?$/)
        .meta({ examples: ['errors'] }),
    }),
    mediaType: 'text/html',
    responses: { 200: z.string() },
    handler: async ({ params: { page } }) => {
      if (page.endsWith('.md'))
        return {
          status: 200,
          body: (await readPage(page.slice(0, -'.md'.length))).markdown,
          headers: { ...security, 'content-type': 'text/markdown; charset=utf-8' },
        }
      const wanted = await readPage(page)
      return {
        status: 200,
        body: await renderPage(wanted, await readPages()),
        headers: { ...security, 'content-type': 'text/html; charset=utf-8' },
      }
    },
  }),
]
