import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { fromWireId, newId, timeOfId, toWireId } from './ids.ts'

test('ids of one process sort in the order they were made', () => {
  const ids = Array.from({ length: 20_000 }, () => newId())
  assert.deepEqual(ids, [...ids].sort())
  assert.equal(new Set(ids).size, ids.length)
})

test('an id tells when it was made', () => {
  const at = Date.now() + 5_000
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
