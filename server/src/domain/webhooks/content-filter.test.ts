import assert from 'node:assert/strict'
import test from 'node:test'
import { ContentFilter, passesFilter } from './content-filter.ts'

const envelope = {
  type: 'contact.created',
  data: { status: 'failed', amount: 120, tags: ['vip', 'trial'], email: 'ada@acme.test', owner: null, '': 1 },
}

const holds = (path: string, op: string, value: unknown): boolean =>
  passesFilter(ContentFilter.parse([{ path, op, value }]), envelope)

test('each operator holds where it should and nowhere else', () => {
  const expected: [string, string, unknown, boolean][] = [
    ['type', 'eq', 'contact.created', true],
    ['data.status', 'eq', 'FAILED', false],
    ['data.status', 'ne', 'sent', true],
    ['data.owner', 'eq', null, true],
    ['data.missing', 'eq', null, false],
    ['data.missing', 'ne', 'x', true],
    ['data.amount', 'eq', '120', false],
    ['data.amount', 'in', [1, 120], true],
    ['data.amount', 'not_in', [1, 120], false],
    ['data.amount', 'gt', 119, true],
    ['data.amount', 'gt', 120, false],
    ['data.amount', 'gte', 120, true],
    ['data.amount', 'lt', 121, true],
    ['data.amount', 'lte', 119, false],
    ['data.amount', 'gt', '1', false],
    ['data.status', 'gt', 'a', true],
    ['data.tags', 'contains', 'vip', true],
    ['data.tags', 'contains', 'vi', false],
    ['data.email', 'contains', '@acme', true],
    ['data.email', 'starts_with', 'ada', true],
    ['data.amount', 'starts_with', '1', false],
    ['data.owner', 'exists', true, true],
    ['data.missing', 'exists', true, false],
    ['data.missing', 'exists', false, true],
    ['data.status.length', 'exists', true, false],
  ]
  for (const [path, op, value, wanted] of expected)
    assert.equal(holds(path, op, value), wanted, `${path} ${op} ${JSON.stringify(value)}`)
})

test('all conditions must hold', () => {
  const both = (value: number) =>
    passesFilter(
      ContentFilter.parse([
        { path: 'data.status', op: 'eq', value: 'failed' },
        { path: 'data.amount', op: 'gte', value },
      ]),
      envelope,
    )
  assert.equal(both(100), true)
  assert.equal(both(200), false)
})

test('nothing of the prototype can be reached', () => {
  for (const path of ['constructor', '__proto__', 'data.constructor', 'data.tags.length', 'data.hasOwnProperty'])
    assert.equal(holds(path, 'exists', true), path === 'data.tags.length', path)
})

test('a filter is bounded, and its values fit its operators', () => {
  const refused: unknown[] = [
    [],
    Array.from({ length: 21 }, () => ({ path: 'a', op: 'eq', value: 1 })),
    [{ path: '', op: 'eq', value: 1 }],
    [{ path: 'a..b', op: 'eq', value: 1 }],
    [{ path: 'a.b.c.d.e.f.g.h.i', op: 'eq', value: 1 }],
    [{ path: 'a', op: 'like', value: 1 }],
    [{ path: 'a', op: 'in', value: 1 }],
    [{ path: 'a', op: 'eq', value: [1] }],
    [{ path: 'a', op: 'exists', value: 'yes' }],
    [{ path: 'a', op: 'gt', value: true }],
    [{ path: 'a', op: 'starts_with', value: 1 }],
    [{ path: 'a', op: 'eq', value: { b: 1 } }],
    [{ path: 'a', op: 'eq' }],
  ]
  for (const filter of refused) assert.equal(ContentFilter.safeParse(filter).success, false, JSON.stringify(filter))
})
