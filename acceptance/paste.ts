import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Parley } from './parley.ts'

/** A page of the documentation by its path from this folder. */
export const readPage = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')

/** The blocks of code in a language, in the order in which they stand. */
export const blocksOf = (markdown: string, language: string): string[] =>
  [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text!)

/** Runs the blocks one after the other in one shell, as a reader would paste them. Resolves with what each printed. */
export const paste = async (parley: Parley, blocks: string[]): Promise<string[]> => {
  const marked = blocks.map((block, i) => `${block}\nprintf '\\n=== end of block ${i} ===\\n'\n`)
  const script = ['set -eu', ...marked, 'wait'].join('\n')
  // `node` in a block is the node of these tests.
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  const { code, stdout, stderr } = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) =>
    execFile('sh', ['-c', script], { cwd: parley.folder, env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    ),
  )
  assert.equal(code, 0, `the shell ended with ${code}\n${stdout}\n${stderr}`)
  assert.equal(stderr.replaceAll(/.*Terminated.*\n?/g, ''), '')
  return stdout.split(/\n=== end of block \d+ ===\n/).slice(0, blocks.length)
}
