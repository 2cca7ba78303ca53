import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { AppError } from '../base/errors.ts'
import { refuseNul, validate } from './validate.ts'

const schema = z.strictObject({
  name: z.string().min(2).max(5),
  kind: z.enum(['a', 'b']).optional(),
  list: z.array(z.strictObject({ n: z.number().int().max(3) })).optional(),
  email: z.email('must be an e-mail address').optional(),
})

const faultOf = (value: unknown): AppError => {
  try {
    validate(schema, value)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('was accepted')
}

test('what fits comes back parsed', () => {
  assert.deepEqual(validate(schema, { name: 'Ada' }), { name: 'Ada' })
})

test('a fault is one sentence that names its field', () => {
  const cases: [unknown, string, string][] = [
    [{}, 'name', "'name' is required."],
    [{ name: 7 }, 'name', "'name' must be of type string."],
    [{ name: 'A' }, 'name', "'name' is too short: at least 2."],
    [{ name: 'Abcdef' }, 'name', "'name' is too long: at most 5."],
    [{ name: 'Ada', kind: 'c' }, 'kind', "'kind' must be one of: a, b."],
    [{ name: 'Ada', list: [{ n: 1 }, { n: 9 }] }, 'list[1].n', "'list[1].n' is too large: at most 3."],
    [{ name: 'Ada', list: [{ n: 1, m: 2 }] }, 'list[0].m', "Unknown field 'm' in 'list[0]'."],
    [{ name: 'Ada', extra: 1 }, 'extra', "Unknown field 'extra'."],
    [{ name: 'Ada', email: 'x' }, 'email', "'email' must be an e-mail address."],
    [[], '', 'The request must be of type object.'],
  ]
  for (const [value, param, message] of cases) {
    const error = faultOf(value)
    assert.deepEqual([error.param ?? '', error.message], [param, message])
  }
})

test('several faults are all listed, up to ten, and long names are cut', () => {
  const { details } = faultOf({ name: 7, kind: 7, email: 7 })
  assert.deepEqual(
    (details!.errors as { param: string }[]).map(({ param }) => param),
    ['name', 'kind', 'email'],
  )
  assert.equal(
    (faultOf({ name: 'Ada', list: Array.from({ length: 50 }, () => ({ n: 'x' })) }).details!.errors as unknown[])
      .length,
    10,
  )
  assert.ok(faultOf({ name: 'Ada', ['x'.repeat(10_000)]: 1 }).message.length < 200)
})

test('U+0000 is refused in names and values, and values of other types are let be', () => {
  for (const fields of [{ a: '\0' }, { 'a\0': 'x' }, { a: ['x', '\0'] }])
    assert.throws(() => refuseNul(fields), AppError)
  const strange = { a: 'x', b: ['y'], c: { toString: 1 }, d: undefined }
  assert.equal(refuseNul(strange), strange)
})
