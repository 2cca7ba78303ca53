import type { Breach, SourceFile } from './source-file.ts'

const source = 'server/src/'

/** What each zone may import besides itself. Providers are the folders inside `channels` and `models`. */
const mayImport: Record<string, string[]> = {
  base: [],
  database: ['base'],
  work: ['database', 'base'],
  channels: ['base'],
  models: ['base'],
  provider: ['base'],
  domain: ['channels', 'models', 'work', 'database', 'base'],
  http: ['domain', 'channels', 'models', 'work', 'database', 'base'],
  endpoints: ['http', 'domain', 'base'],
  'work-kinds': ['http', 'domain', 'channels', 'models', 'work', 'database', 'base'],
}

export const isTest = (path: string): boolean =>
  /\.(test|spec|fixture)\.ts$/.test(path) || path.startsWith('server/test/') || path.startsWith('acceptance/')

/** `channels/twilio/…` and `models/ai-sdk/…`; the files directly in `channels` and `models` are the contract. */
const providerOf = (path: string): string | undefined => /^server\/src\/((?:channels|models)\/[^/]+)\//.exec(path)?.[1]

const zoneOf = (path: string): string => {
  if (providerOf(path)) return 'provider'
  const [first = '', ...rest] = path.slice(source.length).split('/')
  if (rest.length > 0) return first
  const name = first.replace(/\.ts$/, '')
  return name in mayImport ? name : 'main'
}

const nameOf = (path: string): string => providerOf(path) ?? zoneOf(path)

const advice = (from: string, to: string): string => {
  if (to === 'main') return 'Nothing imports the composition root: take what you need as an argument.'
  if (to === 'provider')
    return 'Only main.ts knows a concrete provider: speak to its contract and take the provider as an argument.'
  if (from === 'provider') return 'A provider knows its own contract and base, so that it can be read alone.'
  const allowed = mayImport[from]
  return allowed?.length
    ? `${from} may import ${allowed.join(', ')}; move the code down or pass it in.`
    : `${from} imports nothing of ours.`
}

const isAllowed = (from: string, to: string): boolean => {
  const fromZone = zoneOf(from)
  const toZone = zoneOf(to)
  if (fromZone === 'main') return true
  if (fromZone === 'provider') {
    const own = providerOf(from)
    return toZone === 'base' || providerOf(to) === own || toZone === own?.split('/')[0]
  }
  return fromZone === toZone || (mayImport[fromZone] ?? []).includes(toZone)
}

// Specs start the server and run its commands, and may look into the database of one that has stopped.
const openToSpecs = new Set([`${source}main.ts`, `${source}plan.ts`, `${source}database/open.ts`])

const checkTest = ({ path, imports }: SourceFile): Breach[] =>
  imports
    .filter(({ target }) => path.startsWith('acceptance/') && target.startsWith(source) && !openToSpecs.has(target))
    .map(({ target, line }) => ({
      path,
      line,
      message: `An acceptance spec imports ${target}. It sees the server from outside: speak HTTP to a running process.`,
    }))

const checkSource = ({ path, imports }: SourceFile): Breach[] => {
  const zone = zoneOf(path)
  if (zone !== 'main' && !(zone in mayImport))
    return [
      {
        path,
        line: 1,
        message: `The folder ${zone} has no place in the house. Give it one in scripts/house/zones.ts and docs/architecture.md.`,
      },
    ]
  return imports
    .filter(({ isOurs }) => isOurs)
    .flatMap(({ target, line }) => {
      if (isTest(target)) return [{ path, line, message: `Imports ${target}, which belongs to the tests.` }]
      if (!target.startsWith(source) || isAllowed(path, target)) return []
      const message = `${nameOf(path)} imports ${nameOf(target)} (${target.slice(source.length)}). ${advice(zone, zoneOf(target))}`
      return [{ path, line, message }]
    })
}

/** Arrows only go down: main → http, work-kinds → domain → channels, models, work → database → base. */
export const checkZones = (files: SourceFile[]): Breach[] =>
  files.flatMap((file) => (isTest(file.path) ? checkTest(file) : file.path.startsWith(source) ? checkSource(file) : []))
