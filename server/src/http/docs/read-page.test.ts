import assert from 'node:assert/strict'
import test from 'node:test'
import { readingOrder, readPage, readPages } from './read-page.ts'
import { renderPage } from './render-page.ts'

test('no two pages have one name, so that each has an address', async () => {
  const names = (await readPages()).map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)])
})

test('the guide is listed in the order in which it is read, with every page in its place', async () => {
  const guide = (await readPages()).filter(({ section }) => section === 'guide').map(({ name }) => name)
  assert.deepEqual(guide, readingOrder)
})

test('a link leads to the page that is meant, where guide and reference have one of the same name', async () => {
  const pages = await readPages()
  const served = await readPage('event-types')
  assert.deepEqual([served.section, served.title], ['reference', 'Event reference'])
  assert.match(await renderPage(served, pages), /href="\/docs\/events"/)
  assert.match(await renderPage(await readPage('events'), pages), /href="\/docs\/event-types"/)
})
