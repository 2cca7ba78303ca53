import assert from 'node:assert/strict'
import test from 'node:test'
import { readingOrder, readPages } from './read-page.ts'

test('no two pages have one name, so that each has an address', async () => {
  const names = (await readPages()).map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)])
})

test('the guide is listed in the order in which it is read, with every page in its place', async () => {
  const guide = (await readPages()).filter(({ section }) => section === 'guide').map(({ name }) => name)
  assert.deepEqual(guide, readingOrder)
})
