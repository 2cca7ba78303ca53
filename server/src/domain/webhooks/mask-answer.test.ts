import assert from 'node:assert/strict'
import test from 'node:test'
import { createMask } from './mask-answer.ts'

const mask = createMask({ Authorization: 'Bearer gateway-token-1', 'X-Tenant': 'acme' })

test('the values of own headers are taken out of an answer, whole, alone and cut off', () => {
  assert.equal(mask('{"authorization":"Bearer gateway-token-1"}'), '{"authorization":"••••"}')
  assert.equal(mask('token=gateway-token-1, again gateway-token-1.'), 'token=••••, again ••••.')
  assert.equal(mask('echo: Bearer gateway-to'), 'echo: ••••')
  assert.equal(mask('echo: gateway-tok'), 'echo: ••••')
})

test('a signing secret is taken out, also where it is cut off', () => {
  assert.doesNotMatch(mask('your secret is whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw!'), /MfKQ/)
  assert.doesNotMatch(mask('your secret is whsec_MfKQ9r8GKYqrTwjU'), /MfKQ/)
})

test('everything else stays, short values too', () => {
  for (const text of ['', 'OK', '{"tenant":"acme","received":true}', 'gateway']) assert.equal(mask(text), text)
})
