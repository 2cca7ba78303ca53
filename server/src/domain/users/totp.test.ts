import assert from 'node:assert/strict'
import test from 'node:test'
import { base32, codeOf, otpauthUrl, stepAt, stepOfCode } from './totp.ts'

// RFC 6238, appendix B. The seeds repeat the ten digits up to the length of each hash.
const seed = (length: number) => Buffer.from('1234567890'.repeat(7).slice(0, length))
const vectors: [number, string, string, string][] = [
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
]

test('codes are those of the vectors of RFC 6238', () => {
  for (const [at, sha1, sha256, sha512] of vectors) {
    const step = stepAt(new Date(at * 1_000))
    assert.equal(codeOf(seed(20), step, { length: 8 }), sha1)
    assert.equal(codeOf(seed(32), step, { length: 8, algorithm: 'sha256' }), sha256)
    assert.equal(codeOf(seed(64), step, { length: 8, algorithm: 'sha512' }), sha512)
    assert.equal(codeOf(seed(20), step), sha1.slice(2))
  }
})

test('a code of this step and of its neighbours is known, and no other', () => {
  const now = new Date(1_234_567_890_000)
  for (const by of [-1, 0, 1])
    assert.equal(stepOfCode(seed(20), codeOf(seed(20), stepAt(now) + by), now), stepAt(now) + by)
  for (const by of [-2, 2]) assert.equal(stepOfCode(seed(20), codeOf(seed(20), stepAt(now) + by), now), undefined)
  for (const code of ['', '12345', '1234567', '٠٠٥٩٢٤', 'abcdef', '00592４'])
    assert.equal(stepOfCode(seed(20), code, now), undefined)
})

test('base32 is that of RFC 4648, without padding', () => {
  const known = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' }
  for (const [text, encoded] of Object.entries(known)) assert.equal(base32(Buffer.from(text)), encoded)
})

test('the address for an authenticator app says whose it is and how to count', () => {
  const url = new URL(otpauthUrl({ secret: seed(20), email: 'ada+x@acme.test', issuer: 'Par ley' }))
  assert.equal(decodeURIComponent(url.pathname), '/Par ley:ada+x@acme.test')
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    secret: base32(seed(20)),
    issuer: 'Par ley',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  })
})
