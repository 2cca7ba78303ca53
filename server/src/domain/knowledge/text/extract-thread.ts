import { parentPort, workerData } from 'node:worker_threads'
import { type CutInput, extractAndCut } from './extract-and-cut.ts'
import { ExtractError } from './extract-error.ts'
import type { ThreadAnswer } from './extract-in-thread.ts'

const answer = async (input: CutInput): Promise<ThreadAnswer> => {
  try {
    return { document: await extractAndCut(input) }
  } catch (error) {
    if (error instanceof ExtractError) return { code: error.code, message: error.message }
    throw error
  }
}

parentPort?.postMessage(await answer(workerData))
