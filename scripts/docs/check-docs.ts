import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { findAnchors, findReferences } from './markdown.ts'

/** A link or a path in a text that leads nowhere. */
export type BrokenReference = { path: string; line: number; message: string }

const pages = ['*.md', 'docs/**/*.md', 'server/**/*.md', 'acceptance/**/*.md', 'bench/**/*.md']
const sources = ['server/{src,test}/**/*.ts', 'acceptance/**/*.ts', 'bench/**/*.ts']

const mentionedPage = /\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/g

const list = (root: string, patterns: string[]): string[] =>
  globSync(patterns, { cwd: root, exclude: (path) => path === 'node_modules' })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length

const createResolver = (root: string) => {
  const anchors = new Map<string, Set<string>>()
  const anchorsOf = (path: string): Set<string> => {
    const known = anchors.get(path) ?? findAnchors(readFileSync(join(root, path), 'utf8'))
    anchors.set(path, known)
    return known
  }
  /** Why `path#anchor` leads nowhere, or undefined. `path` is relative to the root. */
  return (path: string, anchor: string | undefined): string | undefined => {
    if (path.startsWith('..')) return `${path} lies outside the repository.`
    if (!existsSync(join(root, path))) return `${path} does not exist.`
    if (!anchor || !path.endsWith('.md') || anchorsOf(path).has(anchor)) return undefined
    const near = [...anchorsOf(path)].filter((known) => known.includes(anchor) || anchor.includes(known)).slice(0, 3)
    return `${path} has no heading #${anchor}${near.length > 0 ? `; it has #${near.join(', #')}` : ''}.`
  }
}

/** Checks every relative link and code-quoted path of the Markdown pages, and every page the sources name. */
export const checkDocs = (root: string): { pages: number; references: number; broken: BrokenReference[] } => {
  const faultOf = createResolver(root)
  const broken: BrokenReference[] = []
  let references = 0
  const note = (path: string, line: number, target: string, anchor: string | undefined): void => {
    references += 1
    const message = faultOf(target, anchor)
    if (message) broken.push({ path, line, message })
  }
  const found = list(root, pages)
  for (const path of found)
    for (const { target, line, isFromRoot } of findReferences(readFileSync(join(root, path), 'utf8'))) {
      const [file = '', anchor] = target.split('#')
      const folder = isFromRoot ? '.' : posix.dirname(path)
      note(path, line, file === '' ? path : posix.normalize(posix.join(folder, decodeURI(file))), anchor)
    }
  for (const path of list(root, sources)) {
    const text = readFileSync(join(root, path), 'utf8')
    for (const match of text.matchAll(mentionedPage)) {
      const [file = '', anchor] = match[0].split('#')
      note(path, lineOf(text, match.index), file, anchor)
    }
  }
  return { pages: found.length, references, broken }
}
