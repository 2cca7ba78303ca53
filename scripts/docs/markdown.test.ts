import assert from 'node:assert/strict'
import test from 'node:test'
import { findAnchors, findReferences } from './markdown.ts'

const targetsOf = (text: string): string[] => findReferences(text).map(({ target, line }) => `${line} ${target}`)

test('relative links are found with their lines', () => {
  assert.deepEqual(targetsOf('# A\n[b](b.md) and ![c](../c.png "C")\n\n[d]: ./d.md#e'), [
    '2 b.md',
    '2 ../c.png',
    '4 ./d.md#e',
  ])
  assert.deepEqual(targetsOf('[`code`](x.md) [y](<y.md>) [z](#here)'), ['1 x.md', '1 y.md', '1 #here'])
})

test('links elsewhere, in code and in fences are left alone', () => {
  assert.deepEqual(targetsOf('[a](https://a.example) [m](mailto:a@b.example) [s](/openapi.json) `[b](b.md)`'), [])
  assert.deepEqual(targetsOf('```md\n[a](a.md)\n```\n[b](b.md)\n~~~\n[c](c.md)'), ['4 b.md'])
})

test('paths quoted as code count, patterns and placeholders do not', () => {
  assert.deepEqual(findReferences('`server/src/main.ts` `server/src/domain/<noun>/` `docs/guide/*.md` `npm test`'), [
    { target: 'server/src/main.ts', line: 1, isFromRoot: true },
  ])
})

test('anchors follow the headings', () => {
  const text =
    '# Sign & verify\n## `POST` /v1/chat\n## Again\n## Again\n### [Link](a.md) to_it ##\n<a id="own"></a>\n```\n# no\n```'
  assert.deepEqual([...findAnchors(text)], ['sign--verify', 'post-v1chat', 'again', 'again-1', 'link-to_it', 'own'])
})
