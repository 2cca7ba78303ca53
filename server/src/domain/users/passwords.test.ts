import assert from 'node:assert/strict'
import test from 'node:test'
import { createPasswords } from './passwords.ts'

const parametersOf = (stored: string) => stored.split('$').slice(0, 4).join('$')

test('a password matches its own hash alone, whatever its characters', async () => {
  const passwords = createPasswords()
  for (const password of ['correct horse', 'пароль 密码 🔑', 'x'.repeat(256)]) {
    const stored = await passwords.hash(password)
    assert.equal(parametersOf(stored), '$argon2id$v=19$m=19456,t=2,p=1')
    assert.equal(await passwords.matches(stored, password), true)
    assert.equal(await passwords.matches(stored, `${password} `), false)
  }
})

test('without a stored password the same hash is computed, and nothing matches', async () => {
  const passwords = createPasswords()
  for (const password of ['', 'correct horse', '\ud800'])
    assert.equal(await passwords.matches(undefined, password), false)
})

test('two hashes run at once, the next wait their turn, and more are refused', async () => {
  const passwords = createPasswords({ running: 2, waiting: 3 })
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => passwords.matches(undefined, 'x')))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    [...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')],
  )
  for (const outcome of outcomes.slice(5)) {
    assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'SERVICE_UNAVAILABLE')
    assert.ok(outcome.status === 'rejected' && outcome.reason.retryAfter > 0)
  }
  assert.equal(await passwords.matches(undefined, 'x'), false, 'whoever comes later finds room again')
})

test('a failure gives its turn to the next', async () => {
  const passwords = createPasswords({ running: 1, waiting: 1 })
  const [broken, next] = await Promise.allSettled([
    passwords.matches('not a hash', 'x'),
    passwords.matches(undefined, 'x'),
  ])
  assert.deepEqual([broken.status, next.status], ['rejected', 'fulfilled'])
})
