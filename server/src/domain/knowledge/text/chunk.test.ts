import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type Chunk, chunkDocument, chunkWords } from './chunk.ts'
import { createDocumentBuilder } from './document-builder.ts'
import { extractCsv } from './extract-csv.ts'
import { extractMarkdown } from './extract-markdown.ts'
import { extractPlainText } from './extract-plain-text.ts'
import { readQuestions } from './extract-questions.ts'
import type { ExtractedDocument } from './extracted-document.ts'
import { wordTenths } from './word-tenths.ts'

const wordCount = (text: string): number => wordTenths(text) / 10

const words = (count: number, word = 'word'): string => Array.from({ length: count }, (_, i) => `${word}${i}`).join(' ')
const prose = (sentences: number, length = 12, name = 's'): string =>
  Array.from({ length: sentences }, (_, i) => `Sentence ${name}${i} ${words(length - 2)}.`).join(' ')

const assertSound = (doc: ExtractedDocument, chunks: Chunk[]) => {
  let covered = 0
  for (const [i, chunk] of chunks.entries()) {
    const before = chunks[i - 1]
    assert.equal(chunk.ordinal, i)
    assert.equal(doc.text.slice(chunk.start, chunk.end), chunk.text)
    assert.equal(chunk.text, chunk.text.replace(/^\n+|\s+$/g, ''))
    assert.ok(!before || (chunk.start > before.start && chunk.end > before.end), 'order')
    assert.equal(doc.text.slice(covered, Math.max(covered, chunk.start)).trim(), '', 'cover')
    assert.ok(wordCount(chunk.text) <= chunkWords.max, `${wordCount(chunk.text)} words`)
    covered = chunk.end
  }
  assert.equal(doc.text.slice(covered).trim(), '')
}

test('whatever the text is, spans resolve exactly, hold everything visible, go forward and stay below the cap', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '# Title\n',
      '## Part\n',
      '### Small?\n',
      '#### Deep\n',
      '```\n',
      '```js\ncode. More\n```\n',
      '| a | b |\n',
      '- item\n',
      'key: value; other: value\n\n',
      '\n\n',
      '\n',
      '. ',
      'Setext\n---\n',
      '。',
    ),
    fc.nat({ max: 400 }).map((count) => words(count)),
    fc.nat({ max: 30 }).map((count) => prose(count)),
    fc.nat({ max: 900 }).map((count) => '退货。免费的'.repeat(count / 6)),
    fc.nat({ max: 2500 }).map((count) => 'กา'.repeat(count / 2)),
    fc.nat({ max: 9000 }).map((count) => 'x'.repeat(count)),
    fc.string({ unit: 'grapheme' }),
  )
  const document = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(document, fc.boolean(), (raw, markdown) => {
      const doc = markdown ? extractMarkdown(raw) : extractPlainText(raw)
      assertSound(doc, chunkDocument(doc))
    }),
    { numRuns: 500 },
  )
})

test('documents put together from sections are sound as well, whatever their order of levels', () => {
  const section = fc.record({
    level: fc.integer({ min: 1, max: 6 }),
    name: fc.constantFrom('A', 'B?', '#', '```'),
    body: fc.nat({ max: 300 }),
    standalone: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(section, { maxLength: 20 }), (sections) => {
      const builder = createDocumentBuilder()
      for (const { level, name, body, standalone } of sections) {
        builder.heading(level, name, { standalone })
        builder.paragraph(words(body))
      }
      const doc = builder.build('T')
      assertSound(doc, chunkDocument(doc))
    }),
  )
})

test('long sections are cut between 120 and 220 words, and neighbours share one sentence', () => {
  const doc = extractMarkdown(`# Guide\n\n${prose(100)}`)
  const chunks = chunkDocument(doc)
  assertSound(doc, chunks)
  for (const [i, chunk] of chunks.entries()) {
    assert.ok(wordCount(chunk.text) >= chunkWords.min - chunkWords.tiny, `${wordCount(chunk.text)} words`)
    const next = chunks[i + 1]
    if (next) assert.match(doc.text.slice(next.start, chunk.end), /^Sentence s\d+ [^.]*\.$/)
  }
})

test('chunks end at a paragraph rather than within one', () => {
  const doc = extractMarkdown(Array.from({ length: 6 }, (_, i) => prose(8, 12, `p${i}-`)).join('\n\n'))
  const chunks = chunkDocument(doc)
  for (const chunk of chunks.slice(0, -1)) assert.equal(doc.text.slice(chunk.end, chunk.end + 2), '\n\n')
})

test('a section of usual size is a chunk of its own with the path of headings above it', () => {
  const doc = extractMarkdown(
    `# Shop\n\n${prose(5)}\n\n## Returns\n\n${prose(6)}\n\n### Costs\n\n${prose(6)}\n\n## Shipping\n\n${prose(6)}`,
  )
  assert.deepEqual(
    chunkDocument({ ...doc, title: 'Help' }).map(({ titlePath, text }) => [titlePath, text.split('\n')[0]]),
    [
      [['Help', 'Shop'], '# Shop'],
      [['Help', 'Shop', 'Returns'], '## Returns'],
      [['Help', 'Shop', 'Returns', 'Costs'], '### Costs'],
      [['Help', 'Shop', 'Shipping'], '## Shipping'],
    ],
  )
})

test('tiny sections go together with the siblings that follow, under the names of all', () => {
  const doc = extractMarkdown(
    `# Shop\n\n## Phone\n\n123\n\n## Mail\n\na@e.com\n\n## Hours\n\n${prose(3)}\n\n## Returns\n\n${prose(10)}\n\n# Other\n\ntext`,
  )
  assert.deepEqual(
    chunkDocument(doc).map(({ titlePath }) => titlePath),
    [['Shop', 'Phone / Mail / Hours'], ['Shop', 'Returns'], ['Other']],
  )
})

test('questions are never put together, however short they are', () => {
  const doc = readQuestions('Q: One\nA: 1\nQ: Two\nA: 2')
  assert.deepEqual(
    chunkDocument(doc).map(({ text, titlePath }) => [text, titlePath]),
    [
      ['## One\n\n1', ['One']],
      ['## Two\n\n2', ['Two']],
    ],
  )
})

test('code blocks and rows stay whole, and a heading stays with what it announces', () => {
  const code = `\`\`\`\n${Array.from({ length: 30 }, (_, i) => `call(${i}). Then more`).join('\n\n')}\n\`\`\``
  const doc = extractMarkdown(`# A\n\n${prose(14)}\n\n#### Example\n\n${code}\n\n${prose(10)}`)
  const chunks = chunkDocument(doc)
  assertSound(doc, chunks)
  const withCode = chunks.filter(({ text }) => text.includes(code))
  assert.equal(withCode.length, 1)
  assert.match(withCode[0]!.text, /^#### Example/)
  assert.deepEqual(withCode[0]!.titlePath, ['A', 'Example'])

  const rows = extractCsv(
    `a,b\n${Array.from({ length: 60 }, (_, i) => `${words(6 + (i % 50))}. And,${words(5)}`).join('\n')}`,
  )
  for (const chunk of chunkDocument(rows)) {
    assert.match(chunk.text, /^a: /)
    assert.ok(chunk.end === rows.text.length || rows.text[chunk.end] === '\n')
  }
})

test('scripts without spaces are measured by characters', () => {
  const chinese = extractPlainText('我们提供三十天内免费退货服务。'.repeat(100))
  for (const chunk of chunkDocument(chinese)) {
    assert.match(chunk.text, /。$/)
    assert.ok(chunk.text.length >= 150 && chunk.text.length <= 440, String(chunk.text.length))
  }
  const thai = extractPlainText('สินค้าคืนได้ภายในสามสิบวัน'.repeat(200))
  const chunks = chunkDocument(thai)
  assertSound(thai, chunks)
  assert.ok(chunks.every(({ text }) => text.length <= 1100 && !/^\p{M}/u.test(text)))
})

test('an empty document has no chunks, and a heading alone is still found', () => {
  assert.deepEqual(chunkDocument({ title: null, text: '', headings: [] }), [])
  assert.deepEqual(
    chunkDocument(extractMarkdown('# Only')).map(({ text, titlePath }) => [text, titlePath]),
    [['# Only', ['Only']]],
  )
})
