import assert from 'node:assert/strict'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { makeIds } from '../endpoint-paths.ts'
import { isFlat, refused, type Sent, send, unknownIds, validBody, type World } from './call-endpoint.ts'
import { credentialFor, otherKindsFor, strangerFor } from './credentials.ts'

const envelopeMessages = {
  missing: 'Bearer token is missing or invalid.',
  invalid: 'Bearer token is missing or invalid.',
}
const flatMessages = {
  missing: 'API key is required. Please provide it in Authorization or X-API-Key header.',
  invalid: 'The API key is invalid, expired or malformed.',
}

export const checkCredentials = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  const ids = unknownIds(endpoint)
  const attempt = (request: Sent) => send(endpoint, own, ids, { ...validBody(endpoint), ...request })
  const messages = isFlat(endpoint) ? flatMessages : envelopeMessages
  const good = credentialFor(endpoint, own)
  const swapped = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0')
  const lookAlike = Buffer.from(good.replace('y', 'у').replace('c', 'с')).toString('latin1')
  for (const key of [
    strangerFor(endpoint, own),
    ...otherKindsFor(endpoint, own),
    swapped,
    good.replace(/^.../, 'plx'),
    `${good}x`,
    good.slice(0, -1),
    lookAlike,
    good.toUpperCase(),
    'x'.repeat(5_000),
  ])
    assert.equal(refused(await attempt({ key }), 401, 'UNAUTHORIZED').message, messages.invalid)
  assert.equal(refused(await attempt({}), 401, 'UNAUTHORIZED').message, messages.missing)
  for (const query of [`?key=${good}`, `?api_key=${good}`, `?access_token=${good}`, `?Authorization=Bearer%20${good}`])
    refused(await attempt({ query }), 401, 'UNAUTHORIZED')
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    good,
    `Basic ${Buffer.from(`${good}:`).toString('base64')}`,
    `Bearer ${good} ${good}`,
    `Bearer ${good},x`,
  ])
    refused(await attempt({ headers: { authorization } }), 401, 'UNAUTHORIZED')
  for (const [name, value] of [
    ['authorization', `Bearer ${good}`],
    ['x-api-key', good],
  ] as const)
    refused(await attempt({ headers: { [name]: `${value}, ${value}` } }), 400, 'BAD_REQUEST')
  refused(await attempt({ headers: { 'x-api-key': 'clf_unknown' } }), 401, 'UNAUTHORIZED')
  const twoKeys = refused(
    await attempt({ key: good, headers: { 'x-api-key': strangerFor(endpoint, own) } }),
    400,
    'BAD_REQUEST',
  )
  assert.ok(isFlat(endpoint) || twoKeys.param === 'X-API-Key')
  assert.ok(twoKeys.message.includes('X-API-Key'))
}

export const checkSession = async (endpoint: Endpoint, { own }: World): Promise<void> => {
  // Whoever is let in nowhere must not learn what exists, nor what a body would have to be.
  for (const [ids, request] of [
    [await makeIds(endpoint, own), validBody(endpoint)],
    [unknownIds(endpoint), { body: '{' }],
  ] as const) {
    const error = refused(await send(endpoint, own, ids, { key: own.key, ...request }), 403, 'FORBIDDEN')
    assert.equal(error.message, 'Only a signed-in user can do this: send the token of a login, not an API key.')
  }
}
