import assert from 'node:assert/strict'
import test from 'node:test'
import { oddForms, refusedUrls } from '../../test/odd-addresses.ts'
import { AddressError, type AddressPolicy, checkUrl, classifyAddress, compilePolicy } from './address.ts'

const live: AddressPolicy = { allowHttp: false, allowLoopback: false, allowCidrs: [] }
const sandbox: AddressPolicy = { allowHttp: true, allowLoopback: true, allowCidrs: [] }

const codeOf = (text: string, policy: AddressPolicy): string => {
  try {
    return checkUrl(text, policy).href
  } catch (error) {
    assert.ok(error instanceof AddressError, String(error))
    assert.ok(error.message.length > 10)
    return error.code
  }
}

test('an address is judged by what it is', () => {
  const expected: Record<string, string> = {
    '8.8.8.8': 'public',
    '1.1.1.1': 'public',
    '172.15.255.255': 'public',
    '172.32.0.1': 'public',
    '2606:4700:4700::1111': 'public',
    '2a00:1450:4001::1': 'public',
    '::ffff:8.8.8.8': 'public',
    '64:ff9b::8.8.8.8': 'public',
    '127.0.0.1': 'loopback',
    '127.255.255.254': 'loopback',
    '::1': 'loopback',
    '0:0:0:0:0:0:0:1': 'loopback',
    '::ffff:127.0.0.1': 'loopback',
    '::ffff:7f00:1': 'loopback',
    '10.0.0.1': 'private',
    '172.16.0.1': 'private',
    '172.31.255.255': 'private',
    '192.168.1.1': 'private',
    '100.64.0.1': 'private',
    '::ffff:10.0.0.1': 'private',
    'fd12:3456::1': 'private',
    'fc00::1': 'private',
    '64:ff9b::10.0.0.1': 'private',
    '169.254.1.1': 'link_local',
    'fe80::1': 'link_local',
    'fe80::1%eth0': 'link_local',
    '169.254.169.254': 'metadata',
    '::ffff:169.254.169.254': 'metadata',
    '::ffff:a9fe:a9fe': 'metadata',
    '64:ff9b::a9fe:a9fe': 'metadata',
    '100.100.100.200': 'metadata',
    '168.63.129.16': 'metadata',
    'fd00:ec2::254': 'metadata',
    'fd00:0ec2:0:0:0:0:0:254': 'metadata',
    'fd00:ec2::254%1': 'metadata',
    '224.0.0.1': 'multicast',
    '239.255.255.255': 'multicast',
    'ff02::1': 'multicast',
    '0.0.0.0': 'unspecified',
    '0.1.2.3': 'unspecified',
    '::': 'unspecified',
    '255.255.255.255': 'reserved',
    '240.0.0.1': 'reserved',
    '192.0.0.1': 'reserved',
    '192.0.2.1': 'reserved',
    '198.18.0.1': 'reserved',
    '198.51.100.1': 'reserved',
    '203.0.113.1': 'reserved',
    '192.88.99.1': 'reserved',
    '::127.0.0.1': 'reserved',
    '::8.8.8.8': 'reserved',
    '::ffff:0:127.0.0.1': 'reserved',
    '64:ff9b::127.0.0.1': 'reserved',
    '64:ff9b:1::127.0.0.1': 'reserved',
    '2002:7f00:1::': 'reserved',
    '2002:808:808::1': 'reserved',
    '2001::1': 'reserved',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2': 'reserved',
    '2001:1ff::1': 'reserved',
    '2001:db8::1': 'reserved',
    '3fff::1': 'reserved',
    '5f00::1': 'reserved',
    'fec0::1': 'reserved',
    '100::1': 'reserved',
    '4000::1': 'reserved',
    '127.1': 'invalid',
    '0177.0.0.1': 'invalid',
    '2130706433': 'invalid',
    '': 'invalid',
    'example.com': 'invalid',
    '[::1]': 'invalid',
  }
  for (const [ip, kind] of Object.entries(expected)) assert.equal(classifyAddress(ip), kind, ip)
})

test('no odd spelling of a private address passes a live workspace', () => {
  assert.ok(oddForms.length >= 44)
  for (const text of oddForms) assert.equal(codeOf(text, live), 'address_refused', text)
})

test('metadata, private and reserved addresses stay closed to a sandbox workspace', () => {
  const stillOpen = oddForms.filter((text) => codeOf(text, sandbox) !== 'address_refused')
  for (const text of stillOpen) {
    const host = new URL(text).hostname
    assert.ok(/^127\.|^\[::1\]$|^\[::ffff:7f00:1\]$|localhost$/.test(host), host)
  }
  assert.equal(codeOf('http://169.254.169.254/', sandbox), 'address_refused')
  assert.equal(codeOf('http://10.0.0.1/', sandbox), 'address_refused')
})

test('a public https address passes and is returned in its normal form', () => {
  assert.equal(codeOf('https://Example.com/hooks?a=1', live), 'https://example.com/hooks?a=1')
  assert.equal(codeOf('https://example.com:8443/', live), 'https://example.com:8443/')
  assert.equal(codeOf('https://bücher.example/', live), 'https://xn--bcher-kva.example/')
  assert.equal(codeOf('https://[2606:4700::1]/', live), 'https://[2606:4700::1]/')
  assert.equal(codeOf('http://example.com/', sandbox), 'http://example.com/')
})

test('schemes, credentials, ports and host names are refused with their own code', () => {
  const expected: Record<string, string> = {
    'not a url': 'invalid_url',
    '/relative': 'invalid_url',
    'https://': 'invalid_url',
    'https://[::1%25lo]/': 'invalid_url',
    'http://example.com/': 'scheme_refused',
    'ftp://example.com/': 'scheme_refused',
    'file:///etc/passwd': 'scheme_refused',
    'gopher://example.com/': 'scheme_refused',
    'https://user@example.com/': 'credentials_refused',
    'https://user:pass@example.com/': 'credentials_refused',
    'https://:pass@example.com/': 'credentials_refused',
    'https://example.com:22/': 'port_refused',
    'https://example.com:0/': 'port_refused',
    'https://example.com:25/': 'port_refused',
    'https://example.com:5432/': 'port_refused',
    'https://example.com:6379/': 'port_refused',
    'https://example.com:27017/': 'port_refused',
    'https://intranet/': 'host_refused',
    'https://localhost./': 'host_refused',
    'https://example.com./': 'host_refused',
    [`https://${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}.com/`]:
      'host_refused',
  }
  for (const [text, code] of Object.entries(expected)) assert.equal(codeOf(text, live), code, text)
})

test('a URL that is refused for what it is has a reason of its own kind', () => {
  for (const text of refusedUrls)
    assert.match(codeOf(text, live), /^(invalid_url|(scheme|credentials|port|host|address)_refused)$/, text)
})

test('a look-alike of a name is shown as the other name that it is', () => {
  assert.equal(codeOf('https://exаmple.com/', live), 'https://xn--exmple-4nf.com/')
  assert.equal(codeOf('https://ｅｘａｍｐｌｅ.com/', live), 'https://example.com/')
  assert.equal(codeOf('https://example。com/', live), 'https://example.com/')
})

test('a sandbox workspace may use any port of its own machine, and only there', () => {
  assert.equal(codeOf('http://localhost:3000/hook', sandbox), 'http://localhost:3000/hook')
  assert.equal(codeOf('http://127.0.0.1:81/hook', sandbox), 'http://127.0.0.1:81/hook')
  assert.equal(codeOf('http://[::1]:81/hook', sandbox), 'http://[::1]:81/hook')
  assert.equal(codeOf('http://example.com:81/hook', sandbox), 'port_refused')
  assert.equal(codeOf('http://intranet:3000/hook', sandbox), 'host_refused')
})

test('an allow-list opens its ranges and nothing else, and never metadata', () => {
  const policy = compilePolicy(
    { allowHttp: false, allowLoopback: false, allowCidrs: ['10.1.0.0/16', 'fd12::/16', '192.168.7.7', '0.0.0.0/0'] },
    ['10.1.9.9', '9.9.9.0/24'],
  )
  assert.equal(policy.allows('10.1.2.3'), true)
  assert.equal(policy.allows('::ffff:10.1.2.3'), true)
  assert.equal(policy.allows('fd12::5'), true)
  assert.equal(policy.allows('fd13::5'), false)
  assert.equal(policy.allows('10.1.9.9'), false)
  assert.equal(policy.allows('9.9.9.9'), false)
  assert.equal(policy.allows('169.254.169.254'), false)
  assert.equal(policy.allows('nonsense'), false)
  assert.throws(() => compilePolicy({ ...live, allowCidrs: ['10.0.0/8'] }), RangeError)
  assert.throws(() => compilePolicy({ ...live, allowCidrs: ['10.0.0.0/33'] }), RangeError)
  assert.throws(() => compilePolicy({ ...live, allowCidrs: ['10.0.0.0/8/8'] }), RangeError)
})

test('equal policies have equal keys and different ones do not', () => {
  const key = (policy: AddressPolicy) => compilePolicy(policy).key
  assert.equal(
    key({ ...live, allowCidrs: ['10.0.0.0/8', '11.0.0.0/8'] }),
    key({ ...live, allowCidrs: ['11.0.0.0/8', '10.0.0.0/8'] }),
  )
  assert.notEqual(key(live), key(sandbox))
  assert.notEqual(key(live), key({ ...live, allowHttp: true }))
  assert.notEqual(key(live), key({ ...live, allowCidrs: ['10.0.0.0/8'] }))
})
