import { Worker } from 'node:worker_threads'
import type { CutDocument, CutInput } from './extract-and-cut.ts'
import { ExtractError, type ExtractErrorCode } from './extract-error.ts'

export type ThreadAnswer = { document: CutDocument } | { code: ExtractErrorCode; message: string }

const maxHeapMb = 768

/**
 * Reads and cuts a file in a thread of its own: a hostile or huge one can then neither hold up the server nor take its
 * memory, and ends after `timeoutMs`. Throws `ExtractError`.
 */
export const extractInThread = (input: CutInput, timeoutMs: number): Promise<CutDocument> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./extract-thread.ts', import.meta.url), {
      workerData: input,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
      env: {},
      stdout: true,
      stderr: true,
    })
    const settle = (end: () => void) => {
      clearTimeout(timer)
      thread.removeAllListeners()
      // A thread that is being stopped may still fail; nobody waits for that any more.
      thread.on('error', () => {})
      void thread.terminate()
      end()
    }
    const fail = (error: ExtractError) => settle(() => reject(error))
    const timer = setTimeout(() => fail(tookTooLong(timeoutMs)), timeoutMs)
    thread.on('message', (answer: ThreadAnswer) =>
      'document' in answer
        ? settle(() => resolve(answer.document))
        : fail(new ExtractError(answer.code, answer.message)),
    )
    thread.on('error', (cause) => fail(crashed(cause)))
    thread.on('exit', () => fail(new ExtractError('unreadable', 'The file could not be read.')))
  })

const tookTooLong = (ms: number): ExtractError =>
  new ExtractError('too_large', `Reading the file took longer than ${ms / 1000} seconds.`)

const crashed = (cause: unknown): ExtractError =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new ExtractError('too_large', 'The file needs more memory to be read than one file may have.', cause)
    : new ExtractError('unreadable', 'The file could not be read.', cause)
