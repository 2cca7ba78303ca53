import assert from 'node:assert/strict'
import test from 'node:test'
import { sign, verify } from '@octokit/webhooks-methods'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { createWebhookSecret, signingKeys, signLegacy, signStandard } from './signature.ts'

const now = () => Math.floor(Date.now() / 1000)

test('the published Standard Webhooks vector comes out', () => {
  const keys = signingKeys('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const signature = signStandard(keys, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')
  assert.equal(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

test('a new secret is whsec_ and 40 base64 characters, and never the same', () => {
  const secrets = Array.from({ length: 100 }, createWebhookSecret)
  for (const secret of secrets) assert.match(secret, /^whsec_[A-Za-z0-9+/]{40}$/)
  assert.equal(new Set(secrets).size, 100)
})

test('the standardwebhooks library accepts our deliveries and refuses tampered and stale ones', () => {
  const secret = createWebhookSecret()
  const keys = signingKeys(secret)
  const body = '{"event":"contact.created","name":"Zoë 🎈"}'
  const deliver = (at: number, sent: string) =>
    new Webhook(secret).verify(sent, {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(at),
      'webhook-signature': `${signStandard(signingKeys(createWebhookSecret()), 'evt_1', at, body)} ${signStandard(keys, 'evt_1', at, body)}`,
    })
  assert.deepEqual(deliver(now(), body), JSON.parse(body))
  assert.throws(() => deliver(now(), body.replace('Zoë', 'Zoe')))
  assert.throws(() => deliver(now() - 3600, body))
})

test('we sign as the standardwebhooks library does', () => {
  const secret = createWebhookSecret()
  const at = new Date()
  const seconds = Math.floor(at.getTime() / 1000)
  assert.equal(
    signStandard(signingKeys(secret), 'evt_2', seconds, Buffer.from('{}')),
    new Webhook(secret).sign('evt_2', at, '{}'),
  )
})

test('the legacy signature is GitHub’s X-Hub-Signature-256 under the secret as shown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (body) => {
      const secret = createWebhookSecret()
      const keys = signingKeys(secret)
      assert.equal(signLegacy(keys, body), await sign(secret, body))
      assert.equal(await verify(secret, body, signLegacy(keys, Buffer.from(body))), true)
    }),
    { numRuns: 30 },
  )
})

test('another body, id, timestamp or secret makes another signature', () => {
  const keys = signingKeys(createWebhookSecret())
  const other = signingKeys(createWebhookSecret())
  const legacy = [signLegacy(keys, 'body'), signLegacy(keys, 'bodY'), signLegacy(other, 'body')]
  assert.equal(new Set(legacy).size, legacy.length)
  const standard = [
    signStandard(keys, 'evt_1', 1, 'body'),
    signStandard(keys, 'evt_2', 1, 'body'),
    signStandard(keys, 'evt_1', 2, 'body'),
    signStandard(keys, 'evt_1', 1, 'bodY'),
    signStandard(other, 'evt_1', 1, 'body'),
  ]
  assert.equal(new Set(standard).size, standard.length)
})

test('a text that is not a webhook secret is refused', () => {
  for (const text of ['', 'whsec_', 'whsec_***', 'secret', 'whsec_abc', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n'])
    assert.throws(() => signingKeys(text), TypeError, text)
})
