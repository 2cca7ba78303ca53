import assert from 'node:assert/strict'
import test from 'node:test'
import { isSitemapIndex, linksOf, locationsOf } from './page-links.ts'

const hrefs = (html: string) => linksOf(html, 'https://example.com/docs/start').map(({ href }) => href)

test('links are absolute, without fragments, and only to what may hold text', () => {
  const html = `<a href="/a#top">A</a> <A class=x HREF='b?x=1&amp;y=2'>B</A> <a href=c.html>C</a> <a name="d">D</a>
    <a href="mailto:a@b.c">M</a> <a href="javascript:x()">J</a> <a href="/logo.PNG">P</a> <a href="https://other.example/">O</a>
    <a href="https://[bad">X</a> <a href="/manual.pdf">F</a>`
  assert.deepEqual(hrefs(html), [
    'https://example.com/a',
    'https://example.com/docs/b?x=1&y=2',
    'https://example.com/docs/c.html',
    'https://other.example/',
    'https://example.com/manual.pdf',
  ])
})

test('a page full of half links costs no more than its length', () => {
  assert.deepEqual(hrefs('<a '.repeat(200_000)), [])
  assert.deepEqual(hrefs(`<a ${'href '.repeat(200_000)}`), [])
})

test('a sitemap gives its locations, plain or as CDATA', () => {
  const xml =
    '<urlset><url><loc> https://example.com/a?x=1&amp;y=2 </loc></url><url><loc><![CDATA[https://example.com/b]]></loc></url></urlset>'
  assert.deepEqual(locationsOf(xml), ['https://example.com/a?x=1&y=2', 'https://example.com/b'])
  assert.equal(isSitemapIndex(xml), false)
  assert.equal(isSitemapIndex('<?xml version="1.0"?><sitemapindex xmlns="x"><sitemap/></sitemapindex>'), true)
  assert.deepEqual(locationsOf(`<loc>${' '.repeat(500_000)}`).length, 1)
})

test('a page of a million links gives its first ones', () => {
  const links = Array.from({ length: 1_000_000 }, (_, i) => `<a href=${i}>`).join('')
  const found = hrefs(links)
  assert.deepEqual([found.length, found.at(-1)], [5_000, 'https://example.com/docs/4999'])
})
