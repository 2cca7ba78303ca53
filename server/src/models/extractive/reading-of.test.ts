import assert from 'node:assert/strict'
import test from 'node:test'
import { readingOf } from './reading-of.ts'

const reading = (text: string, quote: string): string => {
  const start = text.indexOf(quote)
  return readingOf(text, start, start + quote.length)
}

test('a row is read out with its headers', () => {
  const table = 'Our plans.\n\n| Plan | Price | |\n| --- | ---: | --- |\n| Team | $29 | a\\|b |\n| Business | | |'
  assert.equal(reading(table, 'Team | $29 | a\\|b'), 'Plan: Team; Price: $29; a|b')
  assert.equal(reading(table, 'Business | |'), 'Plan: Business')
  assert.equal(reading(table, 'Our plans.'), 'Our plans.')
})

test('a row whose header is elsewhere is read out without it', () => {
  assert.equal(reading('| Team | $29 |\n| Business | $99 |', 'Business | $99'), 'Business; $99')
})

test('a part of a row is said as it stands', () => {
  assert.equal(reading('| Plan | Price |\n| --- | --- |\n| Team | $29 |', '$29'), '$29')
})
