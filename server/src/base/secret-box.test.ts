import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { createSecretBox } from './secret-box.ts'

const old = { id: 1, key: randomBytes(32) }
const fresh = { id: 2, key: randomBytes(32) }

test('what was sealed opens under the same context, and is different every time', () => {
  const box = createSecretBox([old])
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, context) => {
      const plaintext = Buffer.from(bytes)
      assert.deepEqual(box.open(box.seal(plaintext, context), context), plaintext)
      assert.notDeepEqual(box.seal(plaintext, context), box.seal(plaintext, context))
    }),
  )
  assert.equal(box.open(box.seal('whsec_ü', 'webhook:1'), 'webhook:1').toString(), 'whsec_ü')
})

test('another context, a flipped bit anywhere or a missing byte does not open', () => {
  const box = createSecretBox([old])
  const sealed = box.seal('secret', 'webhook:1')
  assert.throws(() => box.open(sealed, 'webhook:2'), { code: 'cannot_open' })
  for (let i = 1; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 1
    assert.throws(() => box.open(changed, 'webhook:1'), { code: 'cannot_open' })
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => box.open(sealed.subarray(0, length), 'webhook:1'), { code: 'cannot_open' })
  }
})

test('after a rotation old values still open and are known to be outdated', () => {
  const before = createSecretBox([old])
  const during = createSecretBox([fresh, old])
  const after = createSecretBox([fresh])
  const sealed = before.seal('secret', 'c')
  assert.equal(during.open(sealed, 'c').toString(), 'secret')
  assert.equal(during.isOutdated(sealed), true)
  const resealed = during.seal(during.open(sealed, 'c'), 'c')
  assert.equal(during.isOutdated(resealed), false)
  assert.equal(after.open(resealed, 'c').toString(), 'secret')
  assert.throws(() => after.open(sealed, 'c'), { code: 'unknown_key' })
})

test('a value that claims another key does not open, even when both ids hold the same bytes', () => {
  const box = createSecretBox([old, { id: 9, key: old.key }])
  const sealed = box.seal('secret', 'c')
  sealed[0] = 9
  assert.throws(() => box.open(sealed, 'c'), { code: 'cannot_open' })
})

test('unusable keys are refused at the start', () => {
  assert.throws(() => createSecretBox([{ id: 1, key: randomBytes(16) }]), TypeError)
  assert.throws(() => createSecretBox([{ id: 256, key: randomBytes(32) }]), TypeError)
  assert.throws(() => createSecretBox([old, old]), TypeError)
})
