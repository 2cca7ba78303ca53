import assert from 'node:assert/strict'
import test from 'node:test'
import { eventTypes } from '../../event-types.ts'
import { eventNotices } from './event-notices.ts'
import { renderLetter } from './letter.ts'

const place = { name: 'Acme', publicUrl: 'https://parley.test' }

const rendered = (type: string, data: Record<string, unknown> = {}) => {
  const { example } = eventTypes.find((event) => event.type === type)!
  return renderLetter(eventNotices[type]!.write({ ...(example as object), ...data }, place))
}

for (const type of Object.keys(eventNotices))
  test(`what is mailed of ${type} is written from what the event is declared to carry`, () => {
    const declared = eventTypes.find((event) => event.type === type)
    assert.ok(declared?.status === 'emitted' && declared.logged, `${type} is not an event of the log`)
    const { subject, text, html } = rendered(type)
    assert.match(subject, /“Acme”/)
    assert.match(text, /https:\/\/parley\.test\/docs\/[a-z-]+/)
    for (const written of [subject, text, html]) assert.doesNotMatch(written, /undefined|\[object|NaN/)
  })

test('a letter says what there is to do, and until when', () => {
  assert.equal(rendered('api_key.expiring', { days_left: 7 }).subject.endsWith('expires in 7 days'), true)
  assert.equal(rendered('api_key.expiring', { days_left: 1 }).subject.endsWith('expires within a day'), true)
  const failing = rendered('webhook.endpoint.failing', {
    failing_for_hours: 72,
    disabled_from: '2026-03-16T11:22:00.000Z',
  })
  assert.equal(failing.subject, 'A webhook of “Acme” has been failing for 72 hours')
  assert.match(failing.text, /Disabled, unless one arrives, from: 2026-03-16 11:22 UTC/)
  assert.match(rendered('webhook.endpoint.disabled', { reason: 'endpoint_gone' }).text, /answered 410 Gone/)
  assert.match(rendered('webhook.endpoint.disabled', { reason: 'endpoint_failing' }).text, /for five days/)
  assert.match(
    rendered('webhook.endpoint.recovered', { missed_from: '2026-03-11T00:00:00Z' }).text,
    /Missed from: 2026-03-11 00:00 UTC/,
  )
  assert.match(rendered('usage.limit_reached').text, /Limit: 5000 chat messages a day/)
})

test('data of another kind of event writes no letter', () => {
  assert.throws(() => eventNotices['api_key.expiring']!.write({ url: 'x' }, place), { name: 'ZodError' })
})
