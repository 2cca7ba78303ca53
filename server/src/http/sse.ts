import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** One server-sent event: `data` is sent as JSON. An empty `id` is not sent: nothing can be resumed from there. */
export type SseFrame = { id: string; event: string; data: unknown }

const keepAliveMs = 15_000
// A reader that takes nothing for this long is gone, whatever its connection says; it holds a model's stream open.
const stalledMs = 30_000

const frameText = ({ id, event, data }: SseFrame): string =>
  `${id === '' ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Waits until the reader has caught up, or is gone. */
const caughtUp = async (response: ServerResponse): Promise<void> => {
  const settled = new AbortController()
  const { signal } = settled
  const stalled = setTimeout(() => response.destroy(), stalledMs)
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() => {
    clearTimeout(stalled)
    settled.abort()
  })
}

/**
 * Writes frames as they come, waiting where the reader is slow. The first frame is awaited before the status goes out, so
 * that a failure before it can still be answered as JSON. Every failure is thrown, and the response left open: cut it.
 */
export const writeFrames = async (
  response: ServerResponse,
  frames: AsyncIterable<SseFrame>,
  head: { status: number; headers: Record<string, string> },
): Promise<void> => {
  const iterator = frames[Symbol.asyncIterator]()
  let next = await iterator.next()
  response.writeHead(head.status, {
    ...head.headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  const beat = setInterval(() => response.write(': still here\n\n'), keepAliveMs)
  try {
    while (!next.done) {
      if (!response.destroyed && !response.write(frameText(next.value))) await caughtUp(response)
      next = await iterator.next()
    }
  } finally {
    clearInterval(beat)
  }
  // Not in `finally`: a stream that broke off must not look like one that came to its end.
  response.end()
}
