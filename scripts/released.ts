import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = 'docs/reference/released'
const current = process.argv[2] ?? 'docs/reference/openapi.json'

const numbersOf = (name: string): number[] => (name.match(/\d+/g) ?? []).map(Number)

const byVersion = (a: string, b: string): number => {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  const at = left.findIndex((number, index) => number !== right[index])
  return at === -1 ? 0 : left[at]! - (right[at] ?? 0)
}

const newest = readdirSync(resolve(root, folder))
  .filter((name) => /^openapi-\d+\.\d+\.\d+\.json$/.test(name))
  .sort(byVersion)
  .at(-1)
if (!newest) throw new Error(`${folder} holds no released document.`)
const released = `${folder}/${newest}`

// These let in signed-in users alone from the first: version 0.1.0 said by mistake that a key would do, and refused it.
const forUsersAlone = new Set([
  'auth_logout',
  'sessions_list',
  'sessions_revoke',
  'users_update_me',
  'users_enrol_totp',
  'users_confirm_totp',
  'users_disable_totp',
])

type Parameter = { $ref?: string; in?: string; name?: string }
type Operation = {
  operationId?: string
  'x-scope'?: string
  security?: Record<string, unknown>[]
  parameters?: Parameter[]
}

type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: Record<string, unknown>; parameters?: Record<string, Parameter> }
}

const read = (path: string): Document => JSON.parse(readFileSync(resolve(root, path), 'utf8')) as Document
const operationsOf = ({ paths }: Document): Operation[] => Object.values(paths).flatMap((at) => Object.values(at))

/** What a caller must hold, by operation: the tool that compares the documents does not know our scopes. */
const needsOf = (path: string): Map<string, string> => {
  const { paths } = read(path)
  return new Map(
    Object.entries(paths).flatMap(([at, operations]) =>
      Object.entries(operations).map(([method, operation]) => [
        `${method.toUpperCase()} ${at}`,
        operation['x-scope'] ?? (operation.security?.length ? 'any living key' : 'no key'),
      ]),
    ),
  )
}

const weight = (need: string): number => ['no key', 'any living key'].indexOf(need) + 1 || 3

const harderToCall = (): string[] => {
  const now = needsOf(current)
  return [...needsOf(released)].flatMap(([operation, before]) => {
    const after = now.get(operation) ?? before
    return after === before || weight(after) < weight(before) ? [] : [`${operation} needed ${before}, now ${after}.`]
  })
}

/** The released document, without what it never kept where the current one says so. */
const corrected = (): Document => {
  const document = read(released)
  const now = read(current)
  const { session } = now.components.securitySchemes
  if (session) document.components.securitySchemes.session = session
  for (const { operationId = '', security } of operationsOf(now))
    if (forUsersAlone.has(operationId) && security?.some((need) => 'session' in need))
      for (const operation of operationsOf(document))
        if (operation.operationId === operationId) operation.security = security
  return document
}

// The tool pairs parameters by how much they look alike: one whose enum doubled would pass for another. Names pair them.
const nameParameters = (document: Document): Document => {
  const named: Record<string, Parameter> = { ...document.components.parameters }
  for (const operation of operationsOf(document))
    operation.parameters = operation.parameters?.map((parameter) => {
      if (parameter.$ref) return parameter
      const name = `${operation.operationId}.${parameter.in}.${parameter.name}`
      named[name] = parameter
      return { $ref: `#/components/parameters/${name}` }
    })
  document.components.parameters = named
  return document
}

/** The document in a file of its own, for the tool alone. */
const written = (folder: string, name: string, document: Document): string => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(nameParameters(document), null, 2))
  return path
}

const scratch = mkdtempSync(join(tmpdir(), 'released-'))
process.on('exit', () => rmSync(scratch, { recursive: true }))

const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [
    'node_modules/@redocly/cli/bin/cli.js',
    'diff',
    written(scratch, newest, corrected()),
    written(scratch, 'openapi-current.json', read(current)),
    '--fail-on',
    'major',
  ],
  { cwd: root, encoding: 'utf8', env: { ...process.env, REDOCLY_TELEMETRY: 'off' } },
)
const scopes = harderToCall()

if (status === 0 && scopes.length === 0) {
  console.log(/\d+ major, .*patch/.exec(stdout)?.[0] ?? stdout)
  console.log(`nothing breaks clients of ${newest}`)
} else {
  console.error(
    [
      stdout,
      status === 0 ? '' : stderr,
      ...scopes,
      '',
      `This change breaks clients written for ${released}: /v1 only grows.`,
      'Keep what was released and add beside it: a new optional field, a new value, a new endpoint. Only a new major version',
      'of the API may do what is listed above; the released document itself is never edited.',
    ].join('\n'),
  )
  process.exitCode = 1
}
