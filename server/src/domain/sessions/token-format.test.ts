import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { newId, toWireId } from '../../base/ids.ts'
import { createTokenFormat } from './token-format.ts'

const secret = Buffer.alloc(32, 3)
const tokens = createTokenFormat(secret)
const now = new Date('2026-03-11T11:22:00Z')
const seconds = now.getTime() / 1_000
const day = 86_400

const ids = { userId: newId(), sessionId: newId(), workspaceId: newId() }
const claims = { ...ids, issuedAt: now, expiresAt: new Date(now.getTime() + day * 1_000) }

const payload = {
  iss: 'parley',
  aud: 'parley:api',
  sub: toWireId('user', ids.userId),
  sid: toWireId('session', ids.sessionId),
  ws: toWireId('workspace', ids.workspaceId),
  iat: seconds,
  exp: seconds + day,
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token as anyone can make it, right in everything that is not said otherwise. */
const forge = ({
  header = { alg: 'HS256', typ: 'JWT' } as object,
  body = payload as unknown,
  key = secret,
  algorithm = 'sha256',
} = {}) => {
  const signed = `${encode(header)}.${encode(body)}`
  return `${signed}.${createHmac(algorithm, key).update(signed).digest('base64url')}`
}

test('a token says what was signed into it, until it expires', () => {
  const token = tokens.sign(claims)
  assert.ok(token.startsWith('eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.'))
  assert.deepEqual(tokens.verify(token, now), claims)
  assert.equal(token, forge())
  assert.ok(tokens.verify(token, new Date(claims.expiresAt.getTime() - 1)))
  assert.equal(tokens.verify(token, claims.expiresAt), undefined)
})

const [head, body, signature] = forge().split('.') as [string, string, string]
const last = signature.at(-1)!
// The last character of 32 bytes in base64url holds two bits that mean nothing.
const respelled = signature.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)

const refused: Record<string, string> = {
  'alg none without a signature': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
  'alg none with a signature': forge({ header: { alg: 'none', typ: 'JWT' } }),
  'alg None': forge({ header: { alg: 'None', typ: 'JWT' } }),
  'alg HS512': forge({ header: { alg: 'HS512', typ: 'JWT' }, algorithm: 'sha512' }),
  'alg HS256 but signed with SHA-512': forge({ algorithm: 'sha512' }),
  'alg RS256': forge({ header: { alg: 'RS256', typ: 'JWT' } }),
  'a header with a key id': forge({ header: { alg: 'HS256', typ: 'JWT', kid: '../../dev/null' } }),
  'a header with a key of its own': forge({ header: { alg: 'HS256', typ: 'JWT', jwk: { kty: 'oct', k: 'AA' } } }),
  'a header in another order': forge({ header: { typ: 'JWT', alg: 'HS256' } }),
  'a wrong key': forge({ key: Buffer.alloc(32, 4) }),
  'an empty key': forge({ key: Buffer.alloc(0) }),
  'the signature of another token': `${head}.${encode({ ...payload, sub: toWireId('user', newId()) })}.${signature}`,
  'a cut signature': `${head}.${body}.${signature.slice(0, -1)}`,
  'a lengthened signature': `${head}.${body}.${signature}A`,
  'another spelling of the signature': `${head}.${body}.${respelled}`,
  'a padded signature': `${head}.${body}.${signature}=`,
  'no signature': `${head}.${body}.`,
  'two parts': `${head}.${body}`,
  'four parts': `${head}.${body}.${signature}.x`,
  'a look-alike in the signature': `${head}.${body}.${String.fromCharCode(signature.charCodeAt(0) + 0x100)}${signature.slice(1)}`,
  expired: forge({ body: { ...payload, iat: seconds - 2 * day, exp: seconds - day } }),
  'from the future': forge({ body: { ...payload, iat: seconds + 3_600, exp: seconds + day } }),
  'without an end': forge({ body: { ...payload, exp: undefined } }),
  'an end that is text': forge({ body: { ...payload, exp: String(seconds + day) } }),
  'an end beyond numbers': forge({ body: JSON.stringify(payload).replace(/"exp":\d+/, '"exp":1e999') }),
  'a swapped audience': forge({ body: { ...payload, aud: 'parley:widget' } }),
  'a list of audiences': forge({ body: { ...payload, aud: ['parley:api'] } }),
  'no audience': forge({ body: { ...payload, aud: undefined } }),
  'another issuer': forge({ body: { ...payload, iss: 'https://accounts.example' } }),
  'no session': forge({ body: { ...payload, sid: undefined } }),
  'a session that is no id': forge({ body: { ...payload, sid: "' or 1=1 --" } }),
  'a payload that is no JSON': forge({ body: 'nonsense' }),
  'a payload that is null': forge({ body: 'null' }),
  'a giant that is signed': forge({ body: { ...payload, x: 'x'.repeat(5_000) } }),
  'a giant that is not': `${head}.${'A'.repeat(100_000)}`,
  nothing: '',
  dots: '...',
  'the header alone': `${head}.`,
  'the header and a dot': `${head}..`,
}

for (const [name, token] of Object.entries(refused))
  test(`a token is refused: ${name}`, () => {
    assert.equal(tokens.verify(token, now), undefined)
  })
