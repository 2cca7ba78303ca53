import assert from 'node:assert/strict'
import test from 'node:test'
import { extractDocument } from './extract-document.ts'
import { ExtractError } from './extract-error.ts'
import { extractHtml } from './extract-html.ts'
import { extractLimits } from './extract-limits.ts'
import { isHiding } from './remove-hidden-elements.ts'

test('a tiny page keeps everything a person sees, as Markdown', async () => {
  const { title, text, headings } = await extractHtml(
    '<title>Hours – Shop</title><h2>Opening <em>hours</em></h2><p>Mon–Fri 9–17</p><table><tr><th>Plan<th>Price<tr><td>Pro<td>9 €</table>' +
      '<ol start=3><li>one<li>two<ul><li>in</ul></ol><pre><code class="language-sh"># comment\nls</code></pre><a href="/x">here</a>, <a href="https://e.com/a_b">there</a> snake_case',
  )
  assert.equal(title, 'Hours – Shop')
  assert.equal(
    text,
    '## Opening _hours_\n\nMon–Fri 9–17\n\n| Plan | Price |\n| --- | --- |\n| Pro | 9 € |\n\n3. one\n4. two\n  - in\n\n```sh\n# comment\nls\n```\n\nhere, [there](https://e.com/a_b) snake_case',
  )
  assert.deepEqual(headings, [{ offset: 0, level: 2, text: 'Opening hours' }])
})

test('what is hidden from a reader is hidden from the agent', async () => {
  const { text } =
    await extractHtml(`<body><style>.gone, .also > p { display: none } .back { display: none } p.back { display: block }
      @media print { .screen { display: none } } .hover:hover { display: none }</style>
    <p>Seen.</p><!-- secret --><script>secret</script><noscript>secret</noscript><template>secret</template>
    <p hidden>secret</p><p aria-hidden="true">secret</p><p style="display : none">secret</p><p style="font-size:0">secret</p>
    <p style="position:absolute;left:-9999px">secret</p><p style="color:#FFF;background:white">secret</p>
    <p class="gone">secret</p><div class="also"><p>secret</p></div><p>se\u200ben</p>
    <p class="back">Back.</p><p class="screen">Screen.</p><p class="hover">Hover.</p></body>`)
  assert.equal(text, 'Seen.\n\nseen\n\nBack.\n\nScreen.\n\nHover.')
})

test('styles that only look like hiding do not hide', () => {
  for (const style of [
    'opacity: 0.8',
    'font-size: 0.9em',
    'font-size: 1rem',
    'left: -10px',
    'color: white',
    'color: white; background: red',
    'color: transparent; -webkit-background-clip: text',
    'background-color: transparent',
  ])
    assert.equal(isHiding(style), false, style)
  for (const style of [
    'opacity: 0',
    'font-size: 0px',
    'font-size:1px',
    'visibility: hidden',
    'display:/* x */none',
    'width:1px; overflow:hidden',
    'color: transparent',
  ])
    assert.equal(isHiding(style), true, style)
})

test('an article is taken without the furniture around it', async () => {
  const paragraph =
    '<p>Returns are free within thirty days, as long as the item is unused and comes back in its box.</p>'
  const { title, text } = await extractHtml(`<html><head><title>Returns | Shop</title></head><body>
    <nav><a href="/">Home</a><a href="/a">About</a></nav><header>Big banner</header>
    <main><article><h1>Returns</h1>${paragraph.repeat(8)}<h2>Costs</h2>${paragraph.repeat(4)}</article></main>
    <aside>Related</aside><footer>Imprint</footer></body></html>`)
  assert.match(title ?? '', /^Returns/)
  assert.match(text, /## Costs\n\nReturns are free/)
  assert.doesNotMatch(text, /Home|banner|Related|Imprint/)
})

test('a page of many short questions is not mistaken for one article', async () => {
  const entries = Array.from(
    { length: 12 },
    (_, i) => `<section><h3>Question number ${i}?</h3><div>Short answer ${i}.</div></section>`,
  )
  const { text, headings } = await extractHtml(
    `<body><nav>Menu</nav>${entries.join('')}<footer>Imprint</footer></body>`,
  )
  assert.equal(headings.length, 12)
  assert.ok(headings.every(({ standalone }) => standalone))
  assert.match(text, /Short answer 11\./)
  assert.doesNotMatch(text, /Menu|Imprint/)
})

test('the rows of a long table say which column each value belongs to', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => `<tr><td>Item ${i}</td><td>${i} €</td></tr>`)
  const { text } = await extractHtml(`<table><tr><th>Name</th><th>Price</th></tr>${rows.join('')}</table>`)
  assert.match(text, /\n\nName: Item 19; Price: 19 €$/)
})

test('text that looks like a heading or a code fence is only text', async () => {
  const { headings } = await extractHtml('<p># not one</p><p>```</p><p>Title<br>---</p><h2>One</h2><p>text</p>')
  assert.deepEqual(
    headings.map(({ text }) => text),
    ['One'],
  )
})

test('a page nested deeper than any reader can follow is refused rather than read for ever', async () => {
  const nested = (depth: number) => Buffer.from(`${'<div>'.repeat(depth)}deep${'</div>'.repeat(depth)}`)
  assert.equal((await extractDocument({ bytes: nested(200), kind: 'html' })).text, 'deep')
  await assert.rejects(
    extractDocument({ bytes: nested(100_000), kind: 'html' }, { ...extractLimits, textTimeoutMs: 1_500 }),
    (error: unknown) => error instanceof ExtractError,
  )
})
