import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { after } from 'node:test'
import { chromium } from 'playwright-core'
import { openTestApp } from '../../../test/app.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const skip = executablePath === undefined && 'NO BROWSER: install chromium to see the page of the guide chat'

const app = await openTestApp({ background: true })
const base = await app.listen()
after(() => app.close())

const snippetOf = async (): Promise<string> => {
  const guide = await readFile(new URL('../../../../docs/guide/widget.md', import.meta.url), 'utf8')
  const snippet = /```html\n([\s\S]*?)```/.exec(guide)?.[1]
  assert.ok(snippet, 'the guide shows a page')
  return snippet
}

/** A site that shows the page of the guide with this key, whatever host it is asked by. */
const serveGuidePage = async (widgetKey: string) => {
  const page = (await snippetOf()).replace('https://parley.example.com', base).replace('ply_widget_…', widgetKey)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<!doctype html>${page}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { at: (host: string) => `http://${host}:${port}/`, stop: () => server.close() }
}

const makeLiveAgent = async () => {
  const workspaceId = await app.makeWorkspace('live')
  const key = await app.makeKey({ workspaceId, mode: 'live' })
  const post = async (path: string, body: unknown) => (await app.call('POST', path, { key, body })).json()
  const agent = await post('/v1/agents', { name: 'Shop support' })
  await post(`/v1/agents/${agent.id}/allowed-domains`, { domain: 'shop.localhost' })
  const source = { type: 'text', name: 'Policies', content: 'Refunds are paid back within five business days.' }
  const { id } = await post('/v1/knowledge-sources', source)
  for (let status = ''; status !== 'ready'; )
    status = String((await app.call('GET', `/v1/knowledge-sources/${id}`, { key })).json().status)
  const widgetKey = String((await post(`/v1/agents/${agent.id}/widget-keys`, {})).key)
  return { widgetKey, workspaceId }
}

test('the page of the guide chats in a browser on an allowed domain, and nowhere else', { skip }, async () => {
  const { widgetKey, workspaceId } = await makeLiveAgent()
  const site = await serveGuidePage(widgetKey)
  const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(site.at('shop.localhost'))
    await page.waitForFunction("document.querySelector('#name').textContent === 'Shop support'")
    const ask = async (question: string) => {
      await page.fill('#question', question)
      await page.click('button')
    }
    await ask('When are refunds paid back?')
    await page.getByText('Refunds are paid back within five business days.').waitFor()

    // A secret that is no longer good: the page reads so, and begins anew.
    const secrets = app.database.system.deleteFrom('conversation_secrets').where('workspace_id', '=', workspaceId)
    assert.equal((await secrets.executeTakeFirst()).numDeletedRows, 1n)
    await page.reload()
    await ask('And when are refunds paid?')
    await page.getByText('Refunds are paid back within five business days.').waitFor()

    const elsewhere = await browser.newPage()
    const told: string[] = []
    elsewhere.on('console', (message) => told.push(message.text()))
    await elsewhere.goto(site.at('evil.localhost'))
    assert.equal(await elsewhere.textContent('#name'), '')
    await elsewhere.fill('#question', 'When are refunds paid back?')
    await elsewhere.click('button')
    const answer = elsewhere.locator('#said p').nth(1)
    await answer.filter({ hasText: 'Failed to fetch' }).waitFor()
    assert.ok(
      told.some((text) => text.includes('blocked by CORS policy')),
      told.join('\n'),
    )
  } finally {
    await browser.close()
    site.stop()
  }
  const opened = await app.database.system
    .selectFrom('conversations')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .execute()
  assert.equal(opened.length, 2)
})
