import type { Breach, SourceFile } from './source-file.ts'
import { isTest } from './zones.ts'

const domain = 'server/src/domain/'

/** A noun imports nouns of its own line or of the lines above it. */
const order = [
  ['workspaces', 'audit-logs', 'users', 'sessions', 'oidc', 'api-keys', 'events', 'notices', 'plans'],
  ['contacts', 'knowledge', 'agents'],
  ['conversations', 'accounts'],
  ['chat', 'communication-runs'],
  ['automations', 'webhooks', 'analytics', 'notifications', 'request-logs', 'widget'],
]

/** Called by nobody in the domain: what happened reaches it as an event. */
const reachedByEvents = ['webhooks']

const nounOf = (path: string): string | undefined => /^server\/src\/domain\/([^/]+)\//.exec(path)?.[1]

const stageOf = (noun: string): number => order.findIndex((stage) => stage.includes(noun))

const faultOf = (from: string, to: string, target: string): string | undefined => {
  if (reachedByEvents.includes(to))
    return `${from} imports ${to}, which is reached by events only: record an event instead.`
  if (stageOf(to) > stageOf(from))
    return `${from} comes before ${to} and may not import it: let it go through an event, or move the verb to ${to}.`
  if (target !== `${domain}${to}/index.ts`)
    return `${target.slice(domain.length)} is private to ${to}: import from '../${to}/index.ts', and export it there if others may use it.`
  return undefined
}

const checkFile = ({ path, imports }: SourceFile): Breach[] => {
  const from = nounOf(path)
  if (from === undefined || isTest(path)) return []
  if (stageOf(from) < 0)
    return [
      {
        path,
        line: 1,
        message: `The noun ${from} has no place in the order. Give it one in scripts/house/nouns.ts and docs/architecture.md.`,
      },
    ]
  return imports.flatMap(({ target, line }) => {
    const to = nounOf(target)
    if (to === undefined || to === from || stageOf(to) < 0) return []
    const message = faultOf(from, to, target)
    return message ? [{ path, line, message }] : []
  })
}

/** Nouns that import each other, although each may import the other's line. */
const findMutual = (files: SourceFile[]): Breach[] => {
  const uses = new Map<string, SourceFile>()
  for (const file of files) {
    const from = nounOf(file.path)
    if (from === undefined || isTest(file.path)) continue
    for (const { target } of file.imports) {
      const to = nounOf(target)
      if (to !== undefined && to !== from) uses.set(`${from} ${to}`, file)
    }
  }
  return [...uses].flatMap(([pair, file]) => {
    const [from = '', to = ''] = pair.split(' ')
    const back = uses.get(`${to} ${from}`)
    if (!back || from > to) return []
    return [
      {
        path: file.path,
        line: 1,
        message: `${from} and ${to} import each other (${to} does in ${back.path.slice(domain.length)}): let one direction go through an event.`,
      },
    ]
  })
}

/** Inside the domain a noun imports only earlier nouns, only through their index.ts, and never mutually. */
export const checkNouns = (files: SourceFile[]): Breach[] => [...files.flatMap(checkFile), ...findMutual(files)]
