import type { Endpoint } from '../../endpoint.ts'
import { chatEndpoints } from '../../v1/chat.ts'

// What the canonical endpoint answers is what the page prints, so the door is all that differs.
const doors: Record<string, { id: string; path: string }> = {
  chat_send: { id: 'klairo_chat', path: '/api/chat' },
}

export const klairoDoors: Endpoint[] = [...chatEndpoints].flatMap((endpoint) => {
  const door = doors[endpoint.id]
  return door ? [{ ...endpoint, ...door, tag: 'Klairo' }] : []
})
