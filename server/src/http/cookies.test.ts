import assert from 'node:assert/strict'
import test from 'node:test'
import { cookieName, crowdedOut, readCookie, setCookie } from './cookies.ts'

test('a cookie is found by its whole name and read with whatever is in it', () => {
  const header = 'a=1; parley_oidc_x=browser_y=z ;b=2; ab=3'
  assert.equal(readCookie(header, 'parley_oidc_x'), 'browser_y=z')
  assert.equal(readCookie(header, 'b'), '2')
  for (const name of ['parley_oidc', 'oidc_x', 'c', '', '.*']) assert.equal(readCookie(header, name), undefined, name)
  for (const nothing of [undefined, '', ';;', '=', 'a']) assert.equal(readCookie(nothing, 'a'), undefined)
})

test('over https a cookie can be set by this host alone and is never sent in the clear', () => {
  const name = cookieName('parley', 'https://parley.test')
  assert.equal(setCookie(name, 'v', 600), '__Host-parley=v; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure')
  const plain = cookieName('parley', 'http://127.0.0.1:8080')
  assert.equal(setCookie(plain, '', 0), 'parley=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax')
})

test('of many cookies of one kind the oldest are crowded out, and no others', () => {
  const header = 'x_1=aa; other=aaaaaaaa; x_2=bb; x_3=cc'
  assert.deepEqual(crowdedOut(header, 'x_', 18), [])
  assert.deepEqual(crowdedOut(header, 'x_', 17), ['x_1'])
  assert.deepEqual(crowdedOut(header, 'x_', 6), ['x_2', 'x_1'])
  assert.deepEqual(crowdedOut(undefined, 'x_', 0), [])
})
