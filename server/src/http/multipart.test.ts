import assert from 'node:assert/strict'
import test from 'node:test'
import { AppError } from '../base/errors.ts'
import { parseMultipart } from './multipart.ts'

const encode = async (form: FormData) => {
  const response = new Response(form)
  return { bytes: Buffer.from(await response.arrayBuffer()), type: response.headers.get('content-type')! }
}

const parse = async (build: (form: FormData) => void) => {
  const form = new FormData()
  build(form)
  const { bytes, type } = await encode(form)
  return parseMultipart(bytes, type)
}

const raw = (body: string) => parseMultipart(Buffer.from(body, 'latin1'), 'multipart/form-data; boundary=limit')
const part = (head: string, text: string) => `--limit\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`

const refused = (param?: string) => (error: unknown) =>
  error instanceof AppError && error.code === 'BAD_REQUEST' && (param === undefined || error.param === param)

test('fields and one file come apart, bytes untouched', async () => {
  const bytes = Buffer.from([0, 255, 13, 10, 45, 45])
  const { fields, file } = await parse((form) => {
    form.append('name', 'Grüße 😀')
    form.append('metadata', '{"a":[1]}')
    form.append('file', new File([bytes], 'Übersicht.pdf', { type: 'application/pdf' }))
  })
  assert.deepEqual({ ...fields }, { name: 'Grüße 😀', metadata: { a: [1] } })
  assert.deepEqual(file, { name: 'Übersicht.pdf', mediaType: 'application/pdf', bytes })
})

test('two files, a field sent twice and a broken form are refused', async () => {
  await assert.rejects(
    parse((form) => {
      for (const name of ['a', 'b']) form.append(name, new File(['x'], name))
    }),
    refused('b'),
  )
  await assert.rejects(
    parse((form) => {
      for (const value of ['1', '2']) form.append('name', value)
    }),
    refused('name'),
  )
  for (const body of ['', 'nonsense', '--limit', '--limit\r\n', part('name="x"', 'y'), '--other--\r\n'])
    await assert.rejects(raw(body), refused())
  await assert.rejects(parseMultipart(Buffer.from('x'), 'multipart/form-data'), refused())
})

test('fields are read as strictly as a JSON body', async () => {
  for (const metadata of [
    '{',
    '{"a":1,"a":2}',
    '{"__proto__":{}}',
    '{"a":"\\u0000"}',
    '['.repeat(50) + ']'.repeat(50),
    '1e999',
  ])
    await assert.rejects(
      parse((form) => form.append('metadata', metadata)),
      refused('metadata'),
      metadata,
    )
  await assert.rejects(raw(`${part('name="name"', 'a\0b')}--limit--\r\n`), refused('name'))
  await assert.rejects(raw(`${part('name="file"; filename="a\0.txt"', 'x')}--limit--\r\n`), refused())
})

test('a field named __proto__ is a field like any other', async () => {
  const { fields } = await parse((form) => form.append('__proto__', 'x'))
  assert.deepEqual(Object.keys(fields), ['__proto__'])
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('a form of more parts than any has is refused before it is parsed', async () => {
  const form = (parts: number) => `${part('name="x"', '').repeat(parts)}--limit--\r\n`
  const tooMany = (error: unknown) => refused()(error) && error instanceof AppError && /100 parts/.test(error.message)
  const sentTwice = (error: unknown) => refused('x')(error)
  await assert.rejects(raw(form(100)), sentTwice)
  await assert.rejects(raw(form(101)), tooMany)
  await assert.rejects(raw(part('name="x"', '').repeat(300_000)), tooMany)
})
