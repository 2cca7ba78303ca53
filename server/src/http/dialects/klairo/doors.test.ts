import assert from 'node:assert/strict'
import test from 'node:test'
import { authEndpoints } from '../../v1/auth.ts'
import { chatEndpoints } from '../../v1/chat.ts'
import { userEndpoints } from '../../v1/users.ts'
import { webhookEndpoints } from '../../v1/webhooks.ts'
import { klairoDoors } from './doors.ts'

test('a door is the canonical endpoint at the printed path, and nothing else is opened', () => {
  const canonical = [...authEndpoints, ...chatEndpoints, ...userEndpoints, ...webhookEndpoints]
  const doors = klairoDoors(canonical)
  assert.deepEqual(
    doors.map(({ method, path }) => `${method} ${path}`),
    [
      'POST /api/auth/login',
      'POST /api/auth/refresh',
      'POST /api/chat',
      'GET /api/users/me',
      'DELETE /api/webhooks/{id}',
    ],
  )
  for (const { id, path, tag, sameAs, ...door } of doors) {
    const behind = canonical.find((endpoint) => endpoint.id === sameAs)!
    assert.deepEqual({ ...behind, ...door }, behind, `${tag} ${path}`)
    assert.notEqual(id, sameAs)
  }
})
