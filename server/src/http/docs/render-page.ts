import { escapeHtml } from './html.ts'
import { renderShell } from './page-shell.ts'
import type { DocsPage } from './read-page.ts'

/** The anchor of a heading: `NOT_FOUND` is found at `#not_found`. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s+/g, '-')

// Links between pages are written for readers of the repository: `webhooks.md#retry` is `/docs/webhooks#retry` here.
const servedLink = (href: string): string =>
  href.replace(/^(?:\.\.?\/)*(?:guide\/|reference\/)?([\w-]+)\.md(?=#|$)/, '/docs/$1')

/** The page as HTML, with nothing loaded from anywhere else. */
export const renderPage = async (page: DocsPage, pages: readonly DocsPage[]): Promise<string> => {
  const { Marked } = await import('marked')
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(servedLink(href))}">${this.parser.parseInline(tokens)}</a>`
      },
      // Long names of settings break between their words.
      codespan: ({ text }) => `<code>${escapeHtml(text).replaceAll('_', '_<wbr>')}</code>`,
      html: ({ text }) => escapeHtml(text),
    },
  })
  const body = await marked.parse(page.markdown)
  return renderShell({ title: page.title, here: `/docs/${page.name}`, body, pages })
}
