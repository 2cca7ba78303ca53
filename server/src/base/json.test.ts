import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { JsonError, type JsonErrorCode, parseJson } from './json.ts'

const read = (text: string, maxDepth = 32): unknown => parseJson(Buffer.from(text), { maxDepth })

const refuses = (text: string | Buffer, code: JsonErrorCode, path?: string): JsonError => {
  try {
    parseJson(Buffer.from(text), { maxDepth: 32 })
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error))
    assert.equal(error.code, code, String(text).slice(0, 100))
    if (path !== undefined) assert.equal(error.path, path)
    return error
  }
  throw new assert.AssertionError({ message: `accepted ${text}` })
}

// Generators may make what is refused: as text, since `JSON.stringify` escapes it.
const unstorable = /\\u(0000|d[89a-f])|__proto__/i

test('every JSON value is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      fc.pre(!unstorable.test(text))
      assert.deepEqual(read(text), JSON.parse(text))
    }),
    { numRuns: 2000 },
  )
})

test('a key given twice is found wherever and however it is spelled', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', ':', '{', '}', ',', '[', 'é', '1') })
  const spelled = (text: string, escaped: boolean) =>
    escaped
      ? `"${Array.from(text, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(text)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.boolean(), fc.jsonValue({ maxDepth: 1, noUnicodeString: true }))),
      (members) => {
        const text = `[{"x":{${members.map(([name, escaped, value]) => `${spelled(name, escaped)}:${JSON.stringify(value)}`)}}}]`
        fc.pre(!unstorable.test(text))
        if (new Set(members.map(([name]) => name)).size < members.length) {
          assert.match(refuses(text, 'duplicate_key').message, /occurs twice/)
        } else assert.deepEqual(read(text), JSON.parse(text))
      },
    ),
    { numRuns: 2000 },
  )
})

test('the same key in different objects is fine', () => {
  assert.deepEqual(read('{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":":"}}'), {
    a: { a: [{ a: 1 }, { a: 2 }] },
    b: { a: ':' },
  })
  assert.deepEqual(read('["a","a",{"a":"a"}]'), ['a', 'a', { a: 'a' }])
})

test('a repeated key is named', () => {
  assert.equal(
    refuses('{"a":[{"b":1,"c":{"b":1},"b":2}]}', 'duplicate_key').message,
    "The key 'b' occurs twice in one object.",
  )
  assert.equal(refuses('{"a":1,"\\u0061":2}', 'duplicate_key').message, "The key 'a' occurs twice in one object.")
  assert.equal(refuses('{"a":["a","b"],"a":{}}', 'duplicate_key').message, "The key 'a' occurs twice in one object.")
})

test('bytes that are not UTF-8 are refused', () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xe2, 0x82]])
    refuses(Buffer.concat([Buffer.from('"'), Buffer.from(bytes), Buffer.from('"')]), 'invalid_utf8')
  assert.equal(parseJson(Buffer.from([0xef, 0xbb, 0xbf, 0x31]), { maxDepth: 1 }), 1)
})

test('what is not JSON is refused as JSON, never as something else', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '{"a":1,}',
    '[1,]',
    '{a:1}',
    "{'a':1}",
    'NaN',
    'Infinity',
    '01',
    '"\n"',
    '"',
    '"\\"',
    '1 2',
    '{"a":1}}',
    '"\0"',
    '// x\n1',
    ':::',
  ])
    refuses(text, 'invalid_json')
})

test('depth counts objects and arrays and not what stands inside strings', () => {
  assert.deepEqual(read('[[[]]]', 3), [[[]]])
  assert.throws(() => read('[[[]]]', 2), { code: 'too_deep' })
  assert.throws(() => read('{"a":{"b":[1]}}', 2), { code: 'too_deep' })
  assert.deepEqual(read('["[[[[","{{{{","\\"[[["]', 1), ['[[[[', '{{{{', '"[[['])
  assert.deepEqual(read('[[],[],[{}]]', 3), [[], [], [{}]])
  assert.equal(read('1', 0), 1)
  refuses('['.repeat(1_000_000), 'too_deep')
  refuses('{"a":'.repeat(1_000_000), 'too_deep')
})

test('__proto__ is refused in every spelling, and only as a key', () => {
  refuses('{"__proto__":{"admin":true}}', 'forbidden_key', '/__proto__')
  refuses('{"a":[{"\\u005f_proto__":1}]}', 'forbidden_key', '/a/0/__proto__')
  refuses('{"__proto__":1,"__proto__":2}', 'forbidden_key')
  assert.deepEqual(read('["__proto__",{"proto":"__proto__"}]'), ['__proto__', { proto: '__proto__' }])
})

test('U+0000 is refused in text and keys, and an escaped backslash before u0000 is not mistaken for it', () => {
  refuses('{"a":"x\\u0000y"}', 'nul_character', '/a')
  refuses('{"a":{"x\\u0000y":1}}', 'nul_character')
  assert.deepEqual(read('"\\\\u0000"'), '\\u0000')
})

test('half of a surrogate pair is refused in text and keys, and a whole pair is not', () => {
  refuses('{"a":["x","\\ud800y"]}', 'lone_surrogate', '/a/1')
  refuses('{"a":"\\ude00\\ud83d"}', 'lone_surrogate', '/a')
  assert.ok(refuses('{"\\udc00":1}', 'lone_surrogate').message.isWellFormed())
  assert.deepEqual(read('{"\\ud83d\\ude00":"\\ud83d\\ude00 and \\\\ud800"}'), { '😀': '😀 and \\ud800' })
})

test('a number beyond a double is refused', () => {
  refuses('{"a":[1,1e999]}', 'number_out_of_range', '/a/1')
  refuses('-1e999', 'number_out_of_range', '')
  refuses(`{"a/b~c":${'9'.repeat(400)}}`, 'number_out_of_range', '/a~1b~0c')
  assert.equal(read('1e308'), 1e308)
  assert.equal(read('1e-999'), 0)
})

test('a million hostile characters are answered', () => {
  refuses(`"${'\\"'.repeat(500_000)}`, 'invalid_json')
  refuses(`{${'"a":1,'.repeat(160_000)}"b":1}`, 'duplicate_key')
  assert.equal(String(read(`"${'\\\\'.repeat(500_000)}"`)).length, 500_000)
})
