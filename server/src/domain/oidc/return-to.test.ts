import assert from 'node:assert/strict'
import test from 'node:test'
import { readReturnTo, returnUrl } from './return-to.ts'

const home = { publicUrl: 'https://parley.test', allowed: ['https://desk.test/in', 'http://localhost:3000/in?x=1'] }
const challenge = 'x'.repeat(43)
const read = (return_to: string, code_challenge?: string) => readReturnTo({ return_to, code_challenge }, home)

test('a sign-in leads to this server, by address or path, and to what is allowed to the letter', () => {
  assert.equal(read('https://parley.test/app?x=1#y'), 'https://parley.test/app?x=1#y')
  assert.equal(read('/app'), 'https://parley.test/app')
  // A scheme of ours without slashes is a path, as browsers read it.
  assert.equal(read('https:evil.test'), 'https://parley.test/evil.test')
  for (const allowed of home.allowed) assert.equal(read(allowed, challenge), allowed)
})

test('whatever a browser would read as another place is refused', () => {
  // A scheme without slashes is read against the base, as browsers do: it stays at home or is refused.
  for (const wanted of [
    'https://parley.test.evil.test/',
    'https://evil.test/#https://parley.test',
    'http://parley.test/',
    'https://parley.test:8443/',
    '//evil.test',
    '/\\evil.test',
    '\t//evil.test',
    'https://desk.test/in#x',
    'https://desk.test/IN',
    'blob:https://parley.test/1',
    'javascript://parley.test/%0Aalert(1)',
    'https://a:b@parley.test/',
  ])
    assert.throws(() => read(wanted, challenge), { code: 'BAD_REQUEST', param: 'return_to' }, wanted)
})

test('a sign-in leads to another site only with a challenge for its code, and nowhere unasked', () => {
  for (const allowed of home.allowed)
    assert.throws(() => read(allowed), { code: 'BAD_REQUEST', param: 'code_challenge' })
  assert.equal(readReturnTo({ code_challenge: challenge }, home), null)
})

test('a place of this server takes a challenge only where the workspace has named it', () => {
  const named = { ...home, allowed: ['https://parley.test/desk'] }
  const readNamed = (return_to: string, code_challenge?: string) => readReturnTo({ return_to, code_challenge }, named)
  for (const code_challenge of [challenge, undefined])
    assert.equal(readNamed('https://parley.test/desk', code_challenge), 'https://parley.test/desk')
  for (const unnamed of ['/desk', 'https://parley.test/desk?x', '/v1/auth/oidc/callback/ws_1?state=x'])
    assert.throws(() => readNamed(unnamed, challenge), { code: 'BAD_REQUEST', param: 'code_challenge' })
})

test('what the page is told joins the query that is there, and replaces what has its name', () => {
  assert.equal(returnUrl('https://desk.test/in?x=1', { code: 'a&b' }), 'https://desk.test/in?x=1&code=a%26b')
  assert.equal(returnUrl('https://desk.test/in?code=old', { code: 'new' }), 'https://desk.test/in?code=new')
})
