import { parentPort, workerData } from 'node:worker_threads'
import { extractByKind } from './extract-by-kind.ts'
import { ExtractError } from './extract-error.ts'
import type { ThreadAnswer, ThreadInput } from './extract-in-thread.ts'

const answer = async ({ kind, bytes, mediaType, limits }: ThreadInput): Promise<ThreadAnswer> => {
  try {
    return { document: await extractByKind(kind, bytes, mediaType, limits) }
  } catch (error) {
    if (error instanceof ExtractError) return { code: error.code, message: error.message }
    throw error
  }
}

parentPort?.postMessage(await answer(workerData))
