import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { fromWireId, newId, timeOfId, toWireId } from './ids.ts'

test('ids of one process sort in the order they were made', () => {
  const ids = Array.from({ length: 20_000 }, () => newId())
  assert.deepEqual(ids, [...ids].sort())
  assert.equal(new Set(ids).size, ids.length)
})

test('ids of one process sort even when a millisecond holds more of them than can be counted, or the clock steps back', () => {
  const at = Date.now() + 60_000
  const ids = Array.from({ length: 20_000 }, (_, i) => newId(at - (i % 3)))
  assert.deepEqual(ids, [...ids].sort())
  assert.equal(new Set(ids).size, ids.length)
})

test('the first ids of a millisecond begin differently, and leave room to count', () => {
  const at = Date.now() + 120_000
  const counters = Array.from({ length: 500 }, (_, i) => Number.parseInt(newId(at + i).slice(15, 18), 16))
  assert.ok(counters.every((counter) => counter < 0x800))
  assert.ok(new Set(counters).size > 250)
})

test('an id tells when it was made', () => {
  const at = Date.now() + 600_000
  assert.equal(timeOfId(newId(at)).getTime(), at)
})

test('every UUID survives the way to the wire and back, in both cases', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      const wire = toWireId('contact', uuid)
      assert.match(wire, /^cnt_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
      assert.equal(fromWireId('contact', wire), uuid)
      assert.equal(fromWireId('contact', wire.toUpperCase()), uuid)
      assert.equal(fromWireId('contact', uuid.toUpperCase()), uuid)
    }),
  )
})

test('the TypeID of the published test vector is produced', () => {
  assert.equal(toWireId('contact', '01890a5d-ac96-774b-bcce-b302099a8057').slice(4), '01h455vb4pex5vsknk084sn02q')
})

test('ids of another kind, of another length or with foreign letters are refused', () => {
  for (const text of [
    '',
    'cnt_',
    'conv_01h455vb4pex5vsknk084sn02q',
    'cnt_81h455vb4pex5vsknk084sn02q',
    'cnt_01h455vb4pex5vsknk084sn02u',
    'cnt_01h455vb4pex5vsknk084sn02ö',
    '01h455vb4pex5vsknk084sn02q',
  ])
    assert.equal(fromWireId('contact', text), undefined, text)
})
