import { escapeHtml } from './html.ts'
import { renderShell, type Section } from './page-shell.ts'
import { type DocsPage, servedName } from './read-page.ts'

/** The anchor of a heading: `NOT_FOUND` is found at `#not_found`. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s+/g, '-')

// Links between pages are written for readers of the repository: `webhooks.md#retry` is `/docs/webhooks#retry` here.
const servedLink = (href: string, here: string): string =>
  href.replace(
    /^(?:\.\.?\/)*(?:(guide|reference)\/)?([\w-]+)\.md(?=#|$)/,
    (_, section: string | undefined, file: string) => `/docs/${servedName(section ?? here, file)}`,
  )

/** The page as HTML, with nothing loaded from anywhere else. */
export const renderPage = async (page: DocsPage, pages: readonly DocsPage[]): Promise<string> => {
  const { Marked } = await import('marked')
  const sections: Section[] = []
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        const anchor = anchorOf(text)
        if (depth === 2) sections.push({ anchor, title: text.replaceAll('`', '') })
        return `<h${depth} id="${anchor}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(servedLink(href, page.section))}">${this.parser.parseInline(tokens)}</a>`
      },
      // Long names of settings break between their words.
      codespan: ({ text }) => `<code>${escapeHtml(text).replaceAll('_', '_<wbr>')}</code>`,
      html: ({ text }) => escapeHtml(text),
    },
  })
  const written = await marked.parse(page.markdown)
  // A wide table is moved inside its frame, so that the page keeps the width of the screen.
  const body = written.replaceAll('<table>', '<div class="table"><table>').replaceAll('</table>', '</table></div>')
  return renderShell({ title: page.title, here: `/docs/${page.name}`, body, pages, sections })
}
