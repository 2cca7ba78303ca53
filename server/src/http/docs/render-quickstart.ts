import { escapeHtml } from './html.ts'
import { renderShell } from './page-shell.ts'
import { type QuickstartStep, quickstartSteps } from './quickstart-steps.ts'
import type { DocsPage } from './read-page.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

const curlOf = ({ method, path, body }: QuickstartStep, baseUrl: string): string => {
  const verb = method === (body ? 'POST' : 'GET') ? '' : ` -X ${method}`
  const lines = [`curl -s${verb} "${baseUrl}${path}"`, '-H "Authorization: Bearer $KEY"']
  if (body) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`)
  return lines.join(' \\\n  ')
}

// The script puts the value itself into each mark, once it is known.
const withMarks = (curl: string): string =>
  escapeHtml(curl).replace(/\{(\w+)\}/g, (place, name) => `<mark data-value="${name}">${place}</mark>`)

const askOf = (step: QuickstartStep): string =>
  (step.asks ?? [])
    .map(
      ({ name, label, value }) =>
        `<label for="ask-${name}">${escapeHtml(label)}</label><input id="ask-${name}" data-ask="${name}" value="${escapeHtml(value)}" autocomplete="off">`,
    )
    .join('')

const stepOf = (step: QuickstartStep, number: number, baseUrl: string): string =>
  `<li class="step" id="${step.id}" data-step="${escapeHtml(JSON.stringify(step))}">
<h2><span class="number" aria-hidden="true">${number}</span>${escapeHtml(step.title)}</h2>
<p>${escapeHtml(step.text)}</p>${askOf(step)}
<pre class="curl" tabindex="0" role="region" aria-label="The request as a curl command"><code>${withMarks(curlOf(step, baseUrl))}</code></pre>
<div class="row"><button type="button" data-run>Run<span class="hidden-text"> step ${number}: ${escapeHtml(step.title)}</span></button><p class="outcome" role="status"></p></div>
<dl class="shown" hidden></dl>
<details class="answer" hidden><summary>The whole answer</summary><pre tabindex="0" role="region" aria-label="Body of the answer"><code></code></pre></details></li>`

/** The quickstart whose steps run against the reader's own sandbox. */
export const renderQuickstart = (baseUrl: string, script: string, pages: readonly DocsPage[]): string =>
  renderShell({
    title: 'Quickstart in the browser',
    here: '/docs/api/quickstart',
    pages,
    scripts: [script],
    body: `<h1>Quickstart in the browser</h1>
<p class="lead">Every step shows the request as a command and sends it to this server, with your sandbox key. <a href="/docs/quickstart">The same from a shell</a>.</p>
<noscript><p><strong>Without JavaScript the Run buttons do nothing; the commands work in a shell.</strong></p></noscript>
<form class="panel" id="key-form" autocomplete="off"><label for="key">Sandbox key</label>
<input id="key" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="ply_test_…" aria-describedby="key-note">
<div class="row"><button type="submit">Use this key</button><button type="button" class="quiet" id="run-all">Run all steps</button></div>
<p id="key-note" role="status">It is <code>sandbox_key</code> in <code>.parley/credentials.json</code>. This page keeps it until it is closed or reloaded, stores it nowhere, and sends it to this server alone.</p></form>
<ol class="steps">${quickstartSteps.map((step, i) => stepOf(step, i + 1, baseUrl)).join('\n')}</ol>
<h2>Where to go on</h2>
<ul><li><a href="/docs/api">The API reference</a>, with every endpoint to try</li><li><a href="/docs/webhooks">Webhooks</a>: verify a signature, retry, replay</li><li><a href="/docs/chat">Chat</a> as a stream</li></ul>`,
  })
