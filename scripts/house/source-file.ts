import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/**
 * `target` is a path from the root of the repository for a file of ours, otherwise the name of a package.
 * `isThread`: not loaded here but started as a thread by its address.
 */
export type Import = { target: string; isOurs: boolean; isThread: boolean; line: number }

export type SourceFile = { path: string; text: string; imports: Import[] }

/** A rule that a file breaks, and what to do about it. */
export type Breach = { path: string; line: number; message: string }

const roots = ['server/**/*.ts', 'acceptance/**/*.ts']

// The formatter keeps every import in one of these forms.
const importForms =
  /^(?:import|export)\s[^'"`;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)|\bnew URL\('(\.[^']+\.ts)', import\.meta\.url\)/gm

export const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length

const findImports = (path: string, text: string): Import[] =>
  [...text.matchAll(importForms)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? match[4] ?? ''
    const isOurs = name.startsWith('.')
    const target = isOurs ? posix.join(posix.dirname(path), name) : name
    return { target, isOurs, isThread: match[4] !== undefined, line: lineOf(text, match.index + match[0].length) }
  })

export const toSourceFile = (path: string, text: string): SourceFile => ({
  path,
  text,
  imports: findImports(path, text),
})

/** Every TypeScript file of the server and of the acceptance specs. */
export const readSourceFiles = (root: string): SourceFile[] =>
  globSync(roots, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => toSourceFile(path, readFileSync(join(root, path), 'utf8')))
