import type { DocsPage } from './read-page.ts'

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`)

/** The anchor of a heading: `NOT_FOUND` is found at `#not_found`. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s+/g, '-')

const style = `body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.6 system-ui,sans-serif;color:#1c1c22;background:#fff}
nav{font-size:.9rem}nav a{margin-right:.8rem}a{color:#3730a3}pre{overflow:auto;padding:.8rem;background:#f4f4f7;border-radius:6px}
code{font:.9em ui-monospace,monospace}table{border-collapse:collapse;display:block;overflow:auto}td,th{border:1px solid #d8d8e0;padding:.3rem .6rem;text-align:left}
@media(prefers-color-scheme:dark){body{color:#e6e6ec;background:#16161c}a{color:#a5b4fc}pre{background:#22222b}td,th{border-color:#3a3a46}}`

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
      html: ({ text }) => escapeHtml(text),
    },
  })
  const nav = pages.map(({ name, title }) => `<a href="/docs/${name}">${escapeHtml(title)}</a>`).join(' ')
  const body = await marked.parse(page.markdown)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(page.title)} · Parley</title><style>${style}</style></head>
<body><nav>${nav}</nav><main>${body}</main></body></html>
`
}
