import assert from 'node:assert/strict'
import test from 'node:test'
import { extractCsv } from './extract-csv.ts'
import { extractJson } from './extract-json.ts'
import { extractMarkdown } from './extract-markdown.ts'
import { parseOpenapi } from './extract-openapi.ts'
import { readQuestions } from './extract-questions.ts'

test('Markdown keeps lists and code as written and loses front matter, comments and hidden elements', () => {
  const { title, text, headings } = extractMarkdown(
    '---\ntitle: "The guide"\n---\n# One `x` [two](http://e.com)\ntext<!-- no --> `<!-- shown -->`\n\n- a\n  - b\n\n```sh\n# not a heading\n<!-- shown -->\n```\n<!--\n```\nhidden\n```\n-->\nSetext\n---\nbody\n<div style="display:none"><div>a</div>hidden</div>\n<img hidden src=x>\n[//]: # (hidden)\n\n### Why? ###\nBecause 1 <!-- 2',
  )
  assert.equal(title, 'The guide')
  assert.equal(
    text,
    '# One `x` [two](http://e.com)\ntext `<!-- shown -->`\n\n- a\n  - b\n\n```sh\n# not a heading\n<!-- shown -->\n```\n\nSetext\n---\nbody\n\n### Why? ###\nBecause 1 <!-- 2',
  )
  assert.deepEqual(
    headings.map((heading) => [
      heading.level,
      heading.text,
      text.slice(heading.offset).split('\n')[0],
      heading.standalone ?? false,
    ]),
    [
      [1, 'One x two', '# One `x` [two](http://e.com)', false],
      [2, 'Setext', 'Setext', false],
      [3, 'Why?', '### Why? ###', true],
    ],
  )
})

test('a comment that is never closed hides the rest, and a text that begins with a rule loses nothing', () => {
  assert.equal(extractMarkdown('Seen\n\n<!-- hidden\n\nhidden').text, 'Seen')
  assert.equal(extractMarkdown('---\nSeen\n---\nalso').text, '---\nSeen\n---\nalso')
})

test('every row of a CSV stands by itself', () => {
  assert.equal(
    extractCsv('name;price;note\nPro;9;"big; ""one""\nhere"\n;;\nFree;0;\n').text,
    'name: Pro; price: 9; note: big; "one" here\n\nname: Free; price: 0',
  )
  assert.equal(extractCsv('1,2\n3,4').text, '1; 2\n\n3; 4')
  assert.equal(extractCsv('a,b\n"never closed,1\n2').text, 'a: never closed,1 2')
})

test('a table with a question and an answer column is read as questions', () => {
  const { text, headings } = extractCsv('id,Question,Answer\n1,How?,Like this\n2,Why?,')
  assert.equal(text, '## How?\n\nLike this')
  assert.deepEqual(headings, [{ offset: 0, level: 2, text: 'How?', standalone: true }])
})

test('JSON becomes records, questions or paths', () => {
  assert.equal(extractJson('[{"a":1,"b":null,"c":true},"x"]').text, 'a: 1; c: true\n\nx')
  assert.equal(extractJson('{"a":1}\n{"a":2}\n').text, 'a: 1\n\na: 2')
  assert.equal(extractJson('{"a":{"b":[1,2],"c":[{"d":1}]},"e":"f"}').text, 'a.b: 1, 2\na.c.1.d: 1\n\ne: f')
  assert.equal(extractJson('{"faqs":[{"question":"How?","answer":"So."}]}').text, '## How?\n\nSo.')
  assert.match(extractJson(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`).text, /…$/)
})

test('questions are read from Q and A lines over several lines', () => {
  const { text, headings } = readQuestions(
    'Intro\nQ: How do I\nreturn it?\nA: Like this.\n\nOr so.\n**Q2:** Why\n**A:** Because.\nQ: open',
  )
  assert.equal(text, '## How do I return it?\n\nLike this.\n\nOr so.\n\n## Why\n\nBecause.')
  assert.deepEqual(
    headings.map(({ offset }) => text.slice(offset, offset + 6)),
    ['## How', '## Why'],
  )
})

test('an API description has a section an operation, with references followed', async () => {
  const yaml = `openapi: 3.1.0
info: { title: Shop API, description: "Intro.\\n\\n# Auth\\nUse a key." }
paths:
  /orders/{id}:
    parameters: [{ $ref: '#/components/parameters/id' }]
    get:
      summary: Get an order
      description: Finds it.
      responses:
        '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }
        '404': { description: missing }
    delete: { deprecated: true, responses: {} }
components:
  parameters: { id: { name: id, in: path, required: true, schema: { type: string }, description: The id. } }
  schemas:
    Order: { type: object, required: [id], properties: { id: { type: string, enum: [a, b] }, parent: { $ref: '#/components/schemas/Order' } } }
    Loop: { $ref: '#/components/schemas/Loop' }
`
  const { title, text, headings } = await parseOpenapi(yaml)
  assert.equal(title, 'Shop API')
  assert.deepEqual(
    headings.map(({ level, text, standalone }) => [level, text, standalone ?? false]),
    [
      [1, 'Shop API', false],
      [2, 'Auth', false],
      [2, 'GET /orders/{id}', true],
      [2, 'DELETE /orders/{id}', true],
    ],
  )
  assert.match(
    text,
    /Get an order\n\nFinds it\.\n\nParameters:\n- id \(path, string, required\): The id\.\n\nResponses:\n- 200: ok\n {2}- id \(string, required\) One of: a, b\.\n {2}- parent \(object\)/,
  )
  assert.match(text, /- 404: missing/)
  assert.match(text, /DELETE \/orders\/\{id\}\n\nDeprecated\./)
})
