import type { Endpoint } from '../../endpoint.ts'

// What these canonical endpoints answer is what the page prints, so the path is all that differs.
const doors: Record<string, { id: string; path: string }> = {
  auth_login: { id: 'klairo_login', path: '/api/auth/login' },
  auth_refresh: { id: 'klairo_refresh', path: '/api/auth/refresh' },
  chat_send: { id: 'klairo_chat', path: '/api/chat' },
  webhooks_delete: { id: 'klairo_delete_webhook', path: '/api/webhooks/{id}' },
  users_get_me: { id: 'klairo_get_me', path: '/api/users/me' },
}

/** The paths that klairo's page prints for endpoints that this server has under /v1 already. */
export const klairoDoors = (canonical: readonly Endpoint[]): Endpoint[] =>
  canonical.flatMap((endpoint) => {
    const door = doors[endpoint.id]
    return door ? [{ ...endpoint, ...door, tag: 'Klairo', sameAs: endpoint.id }] : []
  })
