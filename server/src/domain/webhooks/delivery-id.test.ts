import assert from 'node:assert/strict'
import test from 'node:test'
import { fromWireId, newId, timeOfId, toWireId } from '../../base/ids.ts'
import { deliveryId, deliveryIdsOf } from './delivery-id.ts'

test('the id of a delivery is the same every time and different for every event, webhook and generation', () => {
  const [event, webhook] = [newId(), newId()]
  assert.equal(deliveryId(event, webhook, 0), deliveryId(event, webhook, 0))
  const others = [deliveryId(event, webhook, 1), deliveryId(event, newId(), 0), deliveryId(newId(), webhook, 0)]
  assert.equal(new Set([deliveryId(event, webhook, 0), ...others]).size, 4)
})

test('deliveries are valid ids of the time of their event, in the order of the events', () => {
  const events = Array.from({ length: 1_000 }, () => newId())
  const ids = events.map((event) => deliveryId(event, newId(), 0))
  assert.deepEqual(ids, ids.toSorted())
  ids.forEach((id, i) => {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepEqual(timeOfId(id), timeOfId(events[i]!))
    assert.equal(fromWireId('delivery', toWireId('delivery', id)), id)
    const { lowest, highest } = deliveryIdsOf(events[i]!)
    assert.ok(lowest <= id && id <= highest)
  })
})
