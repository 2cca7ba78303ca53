import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/**
 * One server-sent event: `data` is sent as JSON, `text` as it is, which holds no line break. An empty `id` is not sent:
 * nothing can be resumed from there. A `comment` tells readers nothing; with an `id` it moves the place to resume from.
 */
export type SseFrame =
  | { id: string; event: string; data: unknown }
  | { id: string; event: string; text: string }
  | { id: string; comment: string }

const keepAliveMs = 15_000
// A reader that takes nothing for this long is gone, whatever its connection says; it holds a model's stream open.
const usuallyStalledMs = 30_000

const frameText = (frame: SseFrame): string => {
  const id = frame.id === '' ? '' : `id: ${frame.id}\n`
  if ('comment' in frame) return `: ${frame.comment}\n${id}\n`
  return `${id}event: ${frame.event}\ndata: ${'text' in frame ? frame.text : JSON.stringify(frame.data)}\n\n`
}

/** Waits until the reader has caught up, or is gone. */
const caughtUp = async (response: ServerResponse, stalledMs: number): Promise<void> => {
  const settled = new AbortController()
  const { signal } = settled
  const stalled = setTimeout(() => response.destroy(), stalledMs)
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() => {
    clearTimeout(stalled)
    settled.abort()
  })
}

type Head = { status: number; headers: Record<string, string>; stalledMs?: number | undefined }

/** Begins an answer that is a stream of frames. */
export const writeHead = (response: ServerResponse, { status, headers }: Head): ServerResponse =>
  response.writeHead(status, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })

/**
 * Writes frames as they come, waiting where the reader is slow. The first frame is awaited before the status goes out, so
 * that a failure before it can still be answered as JSON. Every failure is thrown, and the response left open: cut it.
 */
export const writeFrames = async (
  response: ServerResponse,
  frames: AsyncIterable<SseFrame>,
  head: Head,
): Promise<void> => {
  const iterator = frames[Symbol.asyncIterator]()
  let next = await iterator.next()
  writeHead(response, head)
  // Whoever does not take what is there has no use for more.
  const beat = setInterval(() => response.writableNeedDrain || response.write(': still here\n\n'), keepAliveMs)
  try {
    while (!next.done) {
      if (!response.destroyed && !response.write(frameText(next.value)))
        await caughtUp(response, head.stalledMs ?? usuallyStalledMs)
      next = await iterator.next()
    }
  } finally {
    clearInterval(beat)
    await iterator.return?.()
  }
  // Not in `finally`: a stream that broke off must not look like one that came to its end.
  response.end()
}
