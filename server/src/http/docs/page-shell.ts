import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { escapeHtml } from './html.ts'
import type { DocsPage } from './read-page.ts'

const sheet = (name: string): string => readFileSync(new URL(`./browser/${name}.css`, import.meta.url), 'utf8')

// The frame alone is what a body that brings its own style can bear.
const frameStyle = sheet('frame')
const style = frameStyle + sheet('page')

/** For `style-src`: pages of text hold this one sheet and nothing else that styles them. */
export const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath fill='%234f46e5' d='M4 5h24v17H14l-7 6v-6H4z'/%3E%3C/svg%3E"

const places = [
  { href: '/docs', label: 'Guide' },
  { href: '/docs/api/quickstart', label: 'Try it' },
  { href: '/docs/api', label: 'API reference' },
]

const linkTo = (href: string, label: string, here: string): string =>
  `<a href="${href}"${href === here ? ' aria-current="page"' : ''}>${escapeHtml(label)}</a>`

const sideOf = (pages: readonly DocsPage[], here: string): string => {
  const listed = (section: DocsPage['section']): string =>
    pages
      .filter((page) => page.section === section)
      .map(({ name, title }) => `<li>${linkTo(`/docs/${name}`, title, here)}</li>`)
      .join('')
  return `<nav class="side" aria-label="Pages"><h2>Guide</h2><ul><li>${linkTo('/docs/api/quickstart', 'Quickstart in the browser', here)}</li>${listed('guide')}</ul>
<h2>Reference</h2><ul><li>${linkTo('/docs/api', 'API reference', here)}</li>${listed('reference')}</ul></nav>`
}

type Shell = {
  title: string
  /** The path that the menus mark as the page shown. */
  here: string
  body: string
  /** Paths of scripts of our own origin, in the order in which they run. */
  scripts?: readonly string[]
  /** The pages listed beside the body. Without them the body brings its own style and has the whole width. */
  pages?: readonly DocsPage[]
}

/** A whole page of the documentation, with nothing loaded from anywhere else. */
export const renderShell = ({ title, here, body, scripts = [], pages }: Shell): string => {
  const top = here === '/docs/api' || here === '/docs/api/quickstart' ? here : '/docs'
  const menu = places.map(({ href, label }) => linkTo(href, label, top)).join('')
  const content = `<main id="content">${body}</main>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} · Parley</title><link rel="icon" href="${icon}"><style>${pages ? style : frameStyle}</style></head>
<body><a class="skip" href="#content">Skip to the content</a>
<header class="top"><a class="brand" href="/docs">Parley</a><nav aria-label="Documentation">${menu}</nav></header>
${pages ? `<div class="columns">${sideOf(pages, here)}${content}</div>` : body}
${scripts.map((src) => `<script src="${src}"></script>`).join('\n')}
</body></html>
`
}
