import { z } from 'zod'
import { styleSource } from '../docs/page-shell.ts'
import { readPage, readPages } from '../docs/read-page.ts'
import { renderApiReference } from '../docs/render-api-reference.ts'
import { renderPage } from '../docs/render-page.ts'
import { renderQuickstart } from '../docs/render-quickstart.ts'
import { defineEndpoint, type JsonReply } from '../endpoint.ts'

const tag = 'Documentation'
const page = { tag, method: 'GET', access: 'public', mediaType: 'text/html', responses: { 200: z.string() } } as const

const nowhereElse = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// No page may send anything anywhere but to this server, whatever its scripts try.
const policies = {
  text: `${nowhereElse}; img-src data:; style-src ${styleSource}`,
  quickstart: `${nowhereElse}; img-src data:; style-src ${styleSource}; script-src 'self'; connect-src 'self'`,
  // The reference writes its styles while it draws.
  reference: `${nowhereElse}; img-src 'self' data: blob:; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'`,
}

const securityOf = (policy: string): Record<string, string> => ({
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'referrer-policy': 'no-referrer',
})

const html = (body: string, policy: string): JsonReply => ({
  status: 200,
  body,
  headers: { ...securityOf(policy), 'content-type': 'text/html; charset=utf-8' },
})

const year = 31_536_000

/** The pages of text, which need nothing but this process. */
export const docsTextEndpoints = [
  defineEndpoint({
    id: 'docs_root',
    method: 'GET',
    path: '/',
    access: 'public',
    tag,
    summary: 'Leads to the guide',
    responses: { 302: null },
    handler: async () => ({ status: 302, body: undefined, headers: { location: '/docs' } }),
  }),
  defineEndpoint({
    ...page,
    id: 'docs_index',
    path: '/docs',
    summary: 'The guide, from its first page on',
    handler: async () => {
      const pages = await readPages()
      const first = pages.find(({ name }) => name === 'quickstart') ?? pages[0]!
      return html(await renderPage(first, pages), policies.text)
    },
  }),
  defineEndpoint({
    ...page,
    id: 'docs_page',
    path: '/docs/{page}',
    summary: 'A page of the guide or the reference',
    description: 'With `.md` behind the name it comes as Markdown.',
    params: z.object({
      page: z
        .string()
        .regex(/^[a-z0-9-]{1,64}(\.md)?$/)
        .meta({ examples: ['errors'] }),
    }),
    handler: async ({ params: { page: name } }) => {
      if (name.endsWith('.md'))
        return {
          status: 200,
          body: (await readPage(name.slice(0, -'.md'.length))).markdown,
          headers: { ...securityOf(policies.text), 'content-type': 'text/markdown; charset=utf-8' },
        }
      const wanted = await readPage(name)
      return html(await renderPage(wanted, await readPages()), policies.text)
    },
  }),
]

export const docsEndpoints = [
  ...docsTextEndpoints,
  defineEndpoint({
    ...page,
    id: 'docs_api',
    path: '/docs/api',
    summary: 'The API reference, with requests to try',
    handler: async () => {
      const { assetPath } = await import('../docs/assets.ts')
      return html(renderApiReference([assetPath('scalar'), assetPath('api-reference')]), policies.reference)
    },
  }),
  defineEndpoint({
    ...page,
    id: 'docs_quickstart',
    path: '/docs/api/quickstart',
    summary: 'The quickstart, run in the browser against the reader’s own sandbox',
    handler: async ({ deps }) => {
      const { assetPath } = await import('../docs/assets.ts')
      const { publicUrl } = deps.settings
      return html(renderQuickstart(publicUrl, assetPath('quickstart'), await readPages()), policies.quickstart)
    },
  }),
  defineEndpoint({
    id: 'docs_asset',
    method: 'GET',
    path: '/docs/assets/{asset}',
    access: 'public',
    tag,
    summary: 'A script of the pages',
    params: z.object({ asset: z.string().regex(/^[a-z-]{1,32}-[0-9a-f]{16}\.js$/) }),
    mediaType: 'text/javascript',
    responses: { 200: z.custom<Buffer>(Buffer.isBuffer).meta({ type: 'string' }) },
    handler: async ({ params: { asset }, headers }) => {
      const { assetOf } = await import('../docs/assets.ts')
      const { content, gzipped } = assetOf(asset)
      const takesGzip = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))
      return {
        status: 200,
        body: takesGzip ? gzipped : content,
        headers: {
          'content-type': 'text/javascript; charset=utf-8',
          'cache-control': `public, max-age=${year}, immutable`,
          'x-content-type-options': 'nosniff',
          vary: 'accept-encoding',
          ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
        },
      }
    },
  }),
]
