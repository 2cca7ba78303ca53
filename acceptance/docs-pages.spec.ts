import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { eventually, installParley, type Parley } from './parley.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const elsewhere = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']

const findBrowser = (): string | undefined =>
  [
    ...(process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))),
    ...elsewhere,
  ]
    .filter(existsSync)
    .at(0)

const executablePath = findBrowser()
const skip = executablePath
  ? false
  : 'SKIPPED: no Chromium or Chrome in PATH, so the pages were not opened in a browser. `apt-get install chromium` brings one.'

// A machine that runs other specs beside this one is slow.
const patienceMs = 60_000

let parley: Parley
let browser: Browser | undefined

before(async () => {
  parley = await installParley()
  await parley.start()
  if (executablePath) browser = await chromium.launch({ executablePath })
})
after(async () => {
  await browser?.close()
  await parley.remove()
})

// --- Without a browser: what the page declares is what the API takes ---

type Step = {
  id: string
  method: string
  path: string
  body?: unknown
  asks?: { name: string; value: string }[]
  status: number
  keeps?: Record<string, string>
  until?: { at: string; is: string }
  shows?: { label: string; at: string }[]
}

const unescapeHtml = (text: string): string => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))

const readSteps = async (): Promise<Step[]> => {
  const { status, body } = await parley.call('GET', '/docs/api/quickstart', { key: null })
  assert.equal(status, 200)
  return [...String(body).matchAll(/data-step="([^"]*)"/g)].map(([, step]) => JSON.parse(unescapeHtml(step!)))
}

const at = (value: any, place: string): any => place.split('.').reduce((inner, name) => inner?.[name], value)

const fill = (value: unknown, known: Map<string, string>): any =>
  JSON.parse(
    JSON.stringify(value).replace(/\{(\w+)\}/g, (_, name) => known.get(name) ?? assert.fail(`${name} unknown`)),
  )

test('every step of the quickstart page works as the page declares it, and again', async () => {
  const steps = await readSteps()
  assert.ok(steps.length >= 6)
  const seen = new Map<string, any>()
  for (let round = 0; round < 2; round++) {
    const known = new Map(steps.flatMap(({ asks = [] }) => asks.map(({ name, value }) => [name, value] as const)))
    for (const { id, method, path, body, status, keeps = {}, until } of steps) {
      const request = body === undefined ? {} : { body: fill(body, known) }
      const answer = await eventually(
        () => parley.call(method, fill(path, known), request),
        (one) => one.status !== status || until === undefined || at(one.body, until.at) === until.is,
        patienceMs,
      )
      assert.equal(answer.status, status, `${id}: ${JSON.stringify(answer.body)}`)
      for (const [name, place] of Object.entries(keeps)) known.set(name, at(answer.body, place))
      seen.set(id, answer.body)
    }
  }
  // Every place that a step points at is there, except the handover that did not happen and the answer of no receiver.
  for (const { id, shows = [] } of steps)
    for (const { at: place } of shows)
      if (!/^(handoff|response|error)\b/.test(place)) assert.ok(at(seen.get(id), place) != null, `${id}: no ${place}`)
  assert.match(seen.get('ask').citations[0].quote, /signature/i)
  assert.match(seen.get('chat').content, /14 days/)
})

test('the address alone leads to the guide, and a page that is not there says where it begins', async () => {
  const root = await fetch(`${parley.baseUrl}/`)
  assert.deepEqual([root.url, root.status], [`${parley.baseUrl}/docs`, 200])
  const { status, body } = await parley.call('GET', '/docs/nowhere', { key: null })
  assert.deepEqual([status, body.error.code], [404, 'NOT_FOUND'])
  assert.match(body.error.message, /The guide begins at \/docs/)
})

test('the API document is the same at both of its addresses', async () => {
  const [root, versioned] = await Promise.all(
    ['/openapi.json', '/v1/openapi.json'].map((path) => parley.call('GET', path, { key: null })),
  )
  assert.equal(versioned!.status, 200)
  assert.deepEqual(versioned!.body, root!.body)
})

test('scripts are served packed and for ever, and only under the name of what they hold', async () => {
  const { body } = await parley.call('GET', '/docs/api', { key: null })
  const paths = [...String(body).matchAll(/<script src="([^"]+)"/g)].map(([, path]) => path!)
  assert.equal(paths.length, 2)
  for (const path of paths) {
    const plain = await parley.call('GET', path, { key: null, headers: { 'accept-encoding': 'identity' } })
    const packed = await parley.call('GET', path, { key: null, headers: { 'accept-encoding': 'gzip' } })
    assert.equal(plain.headers.get('content-encoding'), null)
    assert.equal(packed.headers.get('content-encoding'), 'gzip')
    assert.equal(packed.body, plain.body)
    assert.match(packed.headers.get('cache-control') ?? '', /immutable/)
    assert.equal((await parley.call('GET', path.replace(/[0-9a-f]\.js$/, 'x.js'), { key: null })).status, 404)
  }
  assert.equal((await parley.call('GET', '/docs/assets/quickstart-0123456789abcdef.js', { key: null })).status, 404)
})

// --- In a browser ---

type Visit = { page: Page; requests: string[]; complaints: string[] }

/** A fresh browser profile that writes down every request and whatever the page complains of. */
const visit = async (width = 1_280): Promise<Visit> => {
  const context = await browser!.newContext({ viewport: { width, height: 850 } })
  context.setDefaultTimeout(patienceMs)
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  context.on('request', (request) => requests.push(`${request.method()} ${request.url()}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, requests, complaints }
}

const isOwn = (request: string): boolean => /^GET (data|blob):/.test(request) || request.includes(` ${parley.baseUrl}/`)

const assertQuiet = ({ requests, complaints }: Visit): void => {
  assert.ok(requests.length > 0)
  assert.deepEqual(
    requests.filter((request) => !isOwn(request)),
    [],
  )
  assert.deepEqual(complaints, [])
}

const kept = 'JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])'

for (const width of [1_280, 390])
  test(`no page asks anything of another origin, nor is wider than a screen of ${width} pixels`, { skip }, async () => {
    const visited = await visit(width)
    for (const [path, text] of [
      ['/docs', 'Start Parley for the first time'],
      ['/docs/webhooks', 'Webhooks'],
      ['/docs/api', 'Knowledge sources'],
      ['/docs/api/quickstart', 'Add a contact'],
    ] as const) {
      await visited.page.goto(parley.baseUrl + path, { waitUntil: 'networkidle' })
      await visited.page.getByText(text).first().waitFor({ state: 'attached' })
      assert.equal(await visited.page.evaluate('document.documentElement.scrollWidth'), width, path)
    }
    assert.ok(visited.requests.includes(`GET ${parley.baseUrl}/v1/openapi.json`))
    assertQuiet(visited)
    await visited.page.context().close()
  })

test('on a phone the menu stands folded above the text, opens by keyboard and leads to every page', {
  skip,
}, async () => {
  const visited = await visit(390)
  const { page } = visited
  await page.goto(`${parley.baseUrl}/docs/webhooks`)
  const menu = page.locator('details.menu')
  const top = async (selector: string) => (await page.locator(selector).boundingBox())!.y
  assert.ok((await top('details.menu')) < (await top('main h1')))
  assert.equal(await page.getByRole('navigation', { name: 'Pages', exact: true }).isVisible(), false)
  assert.equal(await menu.getByRole('link', { name: 'Self-hosting' }).isVisible(), false)
  await menu.locator('summary').focus()
  await page.keyboard.press('Enter')
  await menu.getByRole('link', { name: 'Self-hosting' }).click()
  await page.waitForURL(`${parley.baseUrl}/docs/self-hosting`)
  assertQuiet(visited)
  await page.context().close()
})

test('every page of the guide but the last names the next one', { skip }, async () => {
  const { page } = await visit()
  await page.goto(`${parley.baseUrl}/docs`)
  const read = new Set<string>()
  for (let next = page.url(); next; ) {
    await page.goto(next)
    assert.equal(await page.locator('main h1').count(), 1)
    read.add(next)
    const link = page.locator('main a[rel=next]')
    next = (await link.count()) === 0 ? '' : new URL((await link.getAttribute('href'))!, parley.baseUrl).href
  }
  const listed = page.getByRole('navigation', { name: 'Pages', exact: true }).locator(':scope > ul').first()
  // The quickstart is read at `/docs`, and the one in the browser stands above it.
  assert.equal(read.size, (await listed.locator(':scope > li').count()) - 1)
  await page.context().close()
})

const contrast = `(() => {
  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => channel(Number(part) / 255))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if (!backgroundColor.endsWith(', 0)') && backgroundColor !== 'transparent') return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  return [...document.querySelectorAll('body *')]
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== ''))
    .filter((node) => node.checkVisibility())
    .map((node) => {
      const [a, b] = [light(getComputedStyle(node).color), light(behind(node))]
      return { text: node.textContent.slice(0, 40), ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }
    })
    .filter(({ ratio }) => ratio < 4.5)
})()`

for (const colorScheme of ['light', 'dark'] as const)
  test(`every text can be read by weak eyes when the screen is ${colorScheme}`, { skip }, async () => {
    const { page } = await visit()
    await page.emulateMedia({ colorScheme })
    for (const path of ['/docs/webhooks', '/docs/api/quickstart']) {
      await page.goto(parley.baseUrl + path)
      assert.deepEqual(await page.evaluate(contrast), [], path)
    }
    await page.context().close()
  })

test('the pages could not send anything elsewhere if their scripts tried', { skip }, async () => {
  const received: string[] = []
  const stranger = createServer((request, response) => {
    received.push(request.url ?? '')
    response.setHeader('access-control-allow-origin', '*').end()
  }).listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const address = stranger.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  for (const path of ['/docs', '/docs/api', '/docs/api/quickstart']) {
    const { page, complaints } = await visit()
    await page.goto(parley.baseUrl + path, { waitUntil: 'networkidle' })
    const tried = await page.evaluate(`Promise.all([
      fetch('${url}/fetch').then(() => 'sent', () => 'refused'),
      new Promise((done) => { const image = new Image(); image.onload = () => done('sent'); image.onerror = () => done('refused'); image.src = '${url}/image' }),
      new Promise((done) => { const script = document.createElement('script'); script.onload = () => done('sent'); script.onerror = () => done('refused'); script.src = '${url}/script'; document.head.append(script) }),
      new Promise((done) => { const script = document.createElement('script'); script.textContent = 'window.ranInline = true'; document.head.append(script); done(window.ranInline ? 'ran' : 'refused') }),
    ])`)
    assert.deepEqual(tried, ['refused', 'refused', 'refused', 'refused'], path)
    assert.ok(complaints.some((text) => text.includes('Content Security Policy')))
    await page.context().close()
  }
  stranger.close()
  assert.deepEqual(received, [])
})

test('the reference sends a request with the key of its reader, and keeps the key nowhere', { skip }, async () => {
  const { sandbox_key: key } = await parley.credentials()
  await parley.call('POST', '/v1/contacts', { body: { name: 'Seen in the reference' } })
  const visited = await visit()
  const { page } = visited
  await page.goto(`${parley.baseUrl}/docs/api#tag/contacts/GET/v1/contacts`, { waitUntil: 'networkidle' })
  await page.getByPlaceholder('Token').first().fill(key)
  await page.getByRole('button', { name: /Test Request.*get \/v1\/contacts\)/i }).click()
  const answered = page.waitForResponse((response) => response.url().includes('/v1/contacts'))
  await page.getByRole('button', { name: /Send/ }).first().click()
  const response = await answered
  assert.equal(response.status(), 200)
  assert.equal(response.request().headers().authorization, `Bearer ${key}`)
  await page.getByText('Seen in the reference').first().waitFor()
  assert.ok(!String(await page.evaluate(kept)).includes(key))
  assertQuiet(visited)
  await page.context().close()
})

test('the quickstart refuses a live key without sending it', { skip }, async () => {
  const { live_key: key } = await parley.credentials()
  const visited = await visit()
  const { page } = visited
  await page.goto(`${parley.baseUrl}/docs/api/quickstart`, { waitUntil: 'networkidle' })
  await page.getByLabel('Sandbox key').fill(key)
  for (const name of ['Use this key', 'Run all steps', 'Run step 1: Ask a question']) {
    await page.getByRole('button', { name, exact: true }).click()
    assert.match((await page.locator('#key-note').textContent()) ?? '', /live key/)
  }
  assert.deepEqual(
    visited.requests.filter((request) => request.includes('/v1/')),
    [],
  )
  assertQuiet(visited)
  await page.context().close()
})

test('the quickstart says which step comes first, and runs all of them by keyboard alone', { skip }, async () => {
  const { sandbox_key: key } = await parley.credentials()
  const steps = await readSteps()
  const visited = await visit()
  const { page } = visited
  await page.goto(`${parley.baseUrl}/docs/api/quickstart`, { waitUntil: 'networkidle' })
  await page.getByLabel('Sandbox key').fill(key)
  await page.getByRole('button', { name: /^Run step 3/ }).click()
  await page.getByText('Run “Add a contact” first').waitFor()
  await page.getByLabel('Sandbox key').focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page
    .locator('.step.good')
    .nth(steps.length - 1)
    .waitFor()
  assert.match((await page.locator('#ask .shown').textContent()) ?? '', /signature/i)
  assert.match((await page.locator('#chat .shown').textContent()) ?? '', /14 days/)
  assert.match((await page.locator('#clean-up .outcome').textContent()) ?? '', /204/)
  assert.match((await page.locator('#event .curl').textContent()) ?? '', /subject=cnt_\w{26}/)
  assert.equal(visited.requests.filter((request) => request.includes(key)).length, 0)
  assert.ok(!String(await page.evaluate(kept)).includes(key))
  assert.ok(!(await page.content()).includes(key))
  assertQuiet(visited)
  await page.context().close()
})

test('the command that a step shows does in a shell what its button does', { skip }, async () => {
  const { sandbox_key: key } = await parley.credentials()
  const visited = await visit()
  const { page } = visited
  const name = `Ada O'Brien "the $HOME" \\ \`id\``
  await page.goto(`${parley.baseUrl}/docs/api/quickstart`, { waitUntil: 'networkidle' })
  await page.getByLabel('Sandbox key').fill(key)
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: /^Run step 2/ }).click()
  await page.locator('#contact.good').waitFor()
  const commands = await page.locator('#contact .curl, #event .curl').allTextContents()
  for (const command of commands) {
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env: { PATH: process.env.PATH, KEY: key } })
    const answer = JSON.parse(stdout)
    assert.equal((answer.data?.[0].data ?? answer).name, name, stdout)
  }
  assertQuiet(visited)
  await page.context().close()
})
