import assert from 'node:assert/strict'
import test from 'node:test'
import { parseRobots } from './robots.ts'

const allows = (text: string, path: string) => parseRobots(text, 'parley').allows(new URL(path, 'https://example.com'))

test('the group of the robot comes before the group of all', () => {
  const text = 'User-agent: *\nDisallow: /\n\nUser-agent: Parley\nUser-agent: other\nDisallow: /private'
  assert.deepEqual([allows(text, '/'), allows(text, '/private/a')], [true, false])
  assert.equal(parseRobots(text, 'stranger').allows(new URL('https://example.com/')), false)
})

test('an empty disallow of its own group allows everything', () => {
  assert.equal(allows('User-agent: *\nDisallow: /\nUser-agent: parley\nDisallow:', '/a'), true)
})

test('the longest pattern decides, and allow wins a tie', () => {
  const text = 'User-agent: *\nDisallow: /help\nAllow: /help/open\nDisallow: /same\nAllow: /same'
  assert.deepEqual(
    ['/help', '/help/open/1', '/helping', '/same'].map((path) => allows(text, path)),
    [false, true, false, true],
  )
})

test('patterns know stars and the end of a path', () => {
  const text = 'User-agent: *\nDisallow: /*.pdf$\nDisallow: /a*/b\nDisallow: /end$\nDisallow: /*?session='
  const refused = ['/x.pdf', '/a/b', '/axx/by', '/end', '/p?session=1']
  const allowed = ['/x.pdf?download', '/a/c', '/ending', '/p?q=1', '/.pdf.html']
  assert.deepEqual(
    [...refused, ...allowed].filter((path) => !allows(text, path)),
    refused,
  )
})

test('comments, odd line ends and nonsense are passed over', () => {
  const text = '# hello\r\nnonsense\rUser-Agent : * # all\nDISALLOW: /x # not here\nCrawl-delay: 3'
  assert.deepEqual([allows(text, '/x/y'), allows(text, '/y')], [false, true])
  assert.equal(allows('', '/x'), true)
})

test('sitemaps are listed wherever they stand', () => {
  const { sitemaps } = parseRobots('Sitemap: https://example.com/a.xml\nUser-agent: x\nSitemap: /b.xml', 'parley')
  assert.deepEqual(sitemaps, ['https://example.com/a.xml', '/b.xml'])
})

test('a hostile pattern costs no more than its length', () => {
  const text = `User-agent: *\nDisallow: /${'*a'.repeat(5_000)}$`
  assert.equal(allows(text, `/${'a'.repeat(2_000)}b`), true)
})

test('thousands of robots that share thousands of rules are passed over', () => {
  const agents = Array.from({ length: 32_000 }, (_, i) => `user-agent:${i.toString(36).padStart(3, '0')}`).join('\n')
  const text = `User-agent: *\nDisallow: /private\n${agents}\n${'allow:1\n'.repeat(1_000)}`
  assert.deepEqual([allows(text, '/private'), allows(text, '/open')], [false, true])
})

test('a file is read up to its first 500 KiB', () => {
  const rule = 'User-agent: *\nDisallow: /private\n'
  const filler = '#'.repeat(500 * 1024)
  assert.deepEqual([allows(`${rule}${filler}`, '/private'), allows(`${filler}\n${rule}`, '/private')], [false, true])
})

test('a rule of more stars than any site needs is passed over', () => {
  const text = `User-agent: *\nDisallow: /${'*a'.repeat(20)}\nDisallow: /${'*b'.repeat(19)}`
  assert.deepEqual([allows(text, `/${'a'.repeat(20)}`), allows(text, `/${'b'.repeat(20)}`)], [true, false])
})
