import assert from 'node:assert/strict'
import test from 'node:test'
import { compileNetworks, isWithinNetworks, normalNetwork, originOf } from './networks.ts'

test('an address and a network have one spelling each, whatever was typed', () => {
  const spellings: Record<string, string> = {
    '203.0.113.7': '203.0.113.7',
    ' 203.0.113.7 ': '203.0.113.7',
    '203.0.113.7/32': '203.0.113.7',
    '203.0.113.77/24': '203.0.113.0/24',
    '0.0.0.0/0': '0.0.0.0/0',
    '2001:0DB8:0:0::1': '2001:db8::1',
    '2001:db8::1/128': '2001:db8::1',
    '2001:db8:1:2:3::/64': '2001:db8:1:2::/64',
    '::/0': '::/0',
    '::ffff:203.0.113.7': '203.0.113.7',
    '::ffff:cb00:7107': '203.0.113.7',
    '::ffff:203.0.113.0/120': '203.0.113.0/24',
    '::ffff:0:0/96': '0.0.0.0/0',
  }
  for (const [typed, normal] of Object.entries(spellings)) assert.equal(normalNetwork(typed), normal, typed)
})

test('what is no address and no network has no spelling', () => {
  const wrong = [
    '',
    '/',
    '/24',
    'example.com',
    '203.0.113',
    '203.0.113.7/',
    '203.0.113.7/33',
    '203.0.113.7/-1',
    '203.0.113.7/08',
    '203.0.113.7/2.5',
    '203.0.113.7/24/24',
    '203.0.113.7/255.255.255.0',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '1.2.3.4:80',
    '[::1]',
    'fe80::1%eth0',
    '2001:db8::/129',
    // Half of it is no address of version 4.
    '::ffff:0:0/95',
    '１.2.3.4',
    '*',
  ]
  for (const text of wrong) assert.equal(normalNetwork(text), undefined, text)
})

test('a list holds its addresses in every spelling, and no neighbour', () => {
  const holds = compileNetworks(['203.0.113.7', '198.51.100.0/24', '2001:db8:1::/48', '2001:db8::1'])
  for (const inside of [
    '203.0.113.7',
    '::ffff:203.0.113.7',
    '::ffff:cb00:7107',
    '198.51.100.0',
    '198.51.100.255',
    '2001:db8:1::',
    '2001:db8:1:ffff:ffff:ffff:ffff:ffff',
    '2001:DB8:0:0:0:0:0:1',
  ])
    assert.equal(holds(inside), true, inside)
  for (const outside of [
    '203.0.113.6',
    '203.0.113.8',
    '198.51.99.255',
    '198.51.101.0',
    '2001:db8:2::',
    '2001:db8::2',
    '::203.0.113.7',
    '64:ff9b::203.0.113.7',
    '127.0.0.1',
    '',
    'localhost',
  ])
    assert.equal(holds(outside), false, outside)
})

test('everything of version 4 is nothing of version 6, and the other way round', () => {
  assert.equal(compileNetworks(['0.0.0.0/0'])('2001:db8::1'), false)
  assert.equal(compileNetworks(['0.0.0.0/0'])('::ffff:192.0.2.1'), true)
  assert.equal(compileNetworks(['::/0'])('192.0.2.1'), false)
})

test('whoever has a network of version 6 comes from one place', () => {
  assert.equal(originOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(originOf('2001:db8:1:2::'), originOf('2001:db8:1:2:ffff::1'))
  assert.notEqual(originOf('2001:db8:1:3::'), originOf('2001:db8:1:2::'))
  assert.equal(originOf('192.0.2.1'), '192.0.2.1')
  assert.equal(originOf('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(originOf('a socket file'), 'a socket file')
})

test('a network lies in a list when one network of it holds all of it', () => {
  const list = ['203.0.113.0/24', '198.51.100.7', '2001:db8:1::/48', '10.0.0.0/25', '10.0.0.128/25']
  for (const inside of [
    '203.0.113.0/24',
    '203.0.113.64/26',
    '203.0.113.255',
    '198.51.100.7',
    '::ffff:203.0.113.7',
    '2001:db8:1::/64',
    '2001:db8:1:ffff::1',
  ])
    assert.ok(isWithinNetworks(inside, list), inside)
  for (const beyond of [
    '203.0.112.0/23',
    '203.0.114.1',
    '198.51.100.0/31',
    '2001:db8::/32',
    '2001:db8:2::1',
    // All of it is held, by two: that is not looked for.
    '10.0.0.0/24',
    '0.0.0.0/0',
    '::/0',
    '::ffff:0:0/96',
    'nonsense',
    '',
  ])
    assert.ok(!isWithinNetworks(beyond, list), beyond)
  assert.ok(!isWithinNetworks('203.0.113.7', []))
})
