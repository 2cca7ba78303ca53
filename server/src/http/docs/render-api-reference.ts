import { renderShell } from './page-shell.ts'

/** The API reference, drawn from the OpenAPI document by scripts of this server. */
export const renderApiReference = (scripts: readonly string[]): string =>
  renderShell({
    title: 'API reference',
    here: '/docs/api',
    scripts,
    body: `<div id="content"><div id="reference"></div>
<noscript><p>The reference needs JavaScript. Without it, read <a href="/v1/openapi.json">the OpenAPI document</a> or <a href="/docs">the guide</a>.</p></noscript></div>`,
  })
