import assert from 'node:assert/strict'
import test from 'node:test'
import { AppError, type ErrorCode } from '../base/errors.ts'
import { errorBody, errorTable, knownError, problemOf, statusOf } from './errors.ts'

test('the envelope holds what the caller needs and nothing that is absent', () => {
  const bare = errorBody(new AppError('NOT_FOUND', 'No such thing.'), 'req_1', 'https://parley.test')
  assert.deepEqual(bare, {
    error: {
      code: 'NOT_FOUND',
      message: 'No such thing.',
      status: 404,
      request_id: 'req_1',
      docs_url: 'https://parley.test/docs/errors#not_found',
    },
  })
  const full = errorBody(
    new AppError('RATE_LIMIT_EXCEEDED', 'Slow down.', {
      param: 'p',
      details: { a: 1 },
      retryAfter: 3,
      cause: new Error('secret'),
    }),
    'req_2',
    '',
  )
  assert.deepEqual([full.error.param, full.error.details, full.error.retry_after], ['p', { a: 1 }, 3])
  assert.ok(!JSON.stringify(full).includes('secret'))
})

test('every code has its status, and the problem form says the same', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const error = new AppError(code, 'Text.')
    assert.ok(statusOf(error) >= 400 && statusOf(error) < 600)
    const problem = problemOf(errorBody(error, 'req_1', 'https://x'))
    assert.deepEqual(
      [problem.status, problem.code, problem.detail, problem.type],
      [statusOf(error), code, 'Text.', `https://x/docs/errors#${code.toLowerCase()}`],
    )
  }
})

test('only failures that are the caller’s are shown', () => {
  assert.equal(knownError(new Error('ours')), undefined)
  assert.equal(knownError(Object.assign(new Error(), { code: '23505' })), undefined)
  for (const thrown of [null, undefined, 'text', 7]) assert.equal(knownError(thrown), undefined)
  assert.equal(
    knownError(Object.assign(new Error(), { code: 'FST_ERR_CTP_BODY_TOO_LARGE' }))?.code,
    'PAYLOAD_TOO_LARGE',
  )
  const mine = new AppError('CONFLICT', 'x')
  assert.equal(knownError(mine), mine)
})
