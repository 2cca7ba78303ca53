import assert from 'node:assert/strict'
import test from 'node:test'
import { createPlaces, freeOf, giveBack, isCrowded, mayTake, type Places, take } from './places.ts'

const takeAll = (places: Places, workspaceIds: readonly string[]): void => {
  for (let taken = -1; taken !== places.taken; ) {
    taken = places.taken
    for (const id of workspaceIds) if (mayTake(places, id)) take(places, id)
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `workspace ${n}`)

test('a workspace that is alone may have its share and no more', () => {
  const places = createPlaces(256, 0.75)
  takeAll(places, names(1))
  assert.deepEqual([places.taken, isCrowded(places)], [192, true])
})

test('however much many workspaces want, whoever comes next finds a place', () => {
  for (const count of [2, 6, 20, 80]) {
    const places = createPlaces(256, 0.75)
    takeAll(places, names(count))
    assert.ok(freeOf(places) > 0, `${count} workspaces took all`)
    assert.ok(mayTake(places, 'newcomer'))
    const each = names(count).map((name) => places.takenBy.get(name)!)
    assert.ok(Math.max(...each) - Math.min(...each) <= 1, `${count} workspaces have ${each}`)
  }
})

test('several places are taken at once only where they might be taken one by one', () => {
  const places = createPlaces(8, 0.75)
  assert.deepEqual(
    [1, 6, 7].map((count) => mayTake(places, 'one', count)),
    [true, true, false],
  )
  take(places, 'one', 6)
  assert.equal(mayTake(places, 'one'), false)
  giveBack(places, 'one', 4)
  assert.deepEqual([places.taken, places.takenBy.get('one'), mayTake(places, 'one', 4)], [2, 2, true])
})

test('what is given back is forgotten', () => {
  const places = createPlaces(4, 0.75)
  take(places, 'one', 2)
  giveBack(places, 'one', 2)
  assert.deepEqual([places.taken, places.takenBy.size, isCrowded(places)], [0, 0, false])
})

test('of one single place a workspace that is alone gets it', () => {
  const places = createPlaces(1, 0.75)
  takeAll(places, names(3))
  assert.deepEqual([...places.takenBy], [['workspace 0', 1]])
})
