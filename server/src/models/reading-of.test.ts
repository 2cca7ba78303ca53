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

test('an empty cell takes its header with it, wherever it stands', () => {
  const table = '| | Free | Pro |\n| --- | --- | --- |\n| Seats | 1 | 5 |\n| | 2 | |\n| | | |'
  assert.equal(reading(table, 'Seats | 1 | 5'), 'Seats; Free: 1; Pro: 5')
  assert.equal(reading(table, '| 2 |'), 'Free: 2')
  const empty = table.length - '| | |'.length
  assert.equal(readingOf(table, empty, table.length - 2), '| |')
})

test('a row whose header is elsewhere is read out without it', () => {
  assert.equal(reading('| Team | $29 |\n| Business | $99 |', 'Business | $99'), 'Business; $99')
})

test('a part of a row is said as it stands', () => {
  assert.equal(reading('| Plan | Price |\n| --- | --- |\n| Team | $29 |', '$29'), '$29')
})
