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

/** A heading of the page that can be gone to. */
export type Section = { anchor: string; title: string }

const sectionsOf = (sections: readonly Section[]): string =>
  `<ul>${sections.map(({ anchor, title }) => `<li>${linkTo(`#${anchor}`, title, '')}</li>`).join('')}</ul>`

const listOf = (pages: readonly DocsPage[], here: string, sections: readonly Section[]): string => {
  const item = (href: string, title: string): string =>
    `<li>${linkTo(href, title, here)}${href === here && sections.length > 0 ? sectionsOf(sections) : ''}</li>`
  const listed = (section: DocsPage['section']): string =>
    pages
      .filter((page) => page.section === section)
      .map(({ name, title }) => item(`/docs/${name}`, title))
      .join('')
  return `<h2>Guide</h2><ul>${item('/docs/api/quickstart', 'Quickstart in the browser')}${listed('guide')}</ul>
<h2>Reference</h2><ul>${item('/docs/api', 'API reference')}${listed('reference')}</ul>`
}

// One list, twice: beside the text where there is room, and folded up above it where there is not. Each screen shows one.
const sideOf = (list: string): string =>
  `<nav class="side" aria-label="Pages">${list}</nav>
<details class="menu"><summary>All pages</summary><nav aria-label="All pages">${list}</nav></details>`

const turnOf = (pages: readonly DocsPage[], here: string): string => {
  const guide = pages.filter(({ section }) => section === 'guide')
  const at = guide.findIndex(({ name }) => here === `/docs/${name}`)
  const next = at < 0 ? undefined : guide[at + 1]
  return next ? `<p class="next">Next: <a href="/docs/${next.name}" rel="next">${escapeHtml(next.title)}</a></p>` : ''
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
  /** The headings of the body, listed under its name in the menu. */
  sections?: readonly Section[]
}

/** A whole page of the documentation, with nothing loaded from anywhere else. */
export const renderShell = ({ title, here, body, scripts = [], pages = [], sections = [] }: Shell): string => {
  const top = here === '/docs/api' || here === '/docs/api/quickstart' ? here : '/docs'
  const menu = places.map(({ href, label }) => linkTo(href, label, top)).join('')
  const isText = pages.length > 0
  const columns = () =>
    `<div class="columns">${sideOf(listOf(pages, here, sections))}<main id="content">${body}${turnOf(pages, here)}</main></div>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} · Parley</title><link rel="icon" href="${icon}"><style>${isText ? style : frameStyle}</style></head>
<body><a class="skip" href="#content">Skip to the content</a>
<header class="top"><a class="brand" href="/docs">Parley</a><nav aria-label="Documentation">${menu}</nav></header>
${isText ? columns() : body}
${scripts.map((src) => `<script src="${src}"></script>`).join('\n')}
</body></html>
`
}
