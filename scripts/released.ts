import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
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

type Operation = { operationId?: string; 'x-scope'?: string; security?: unknown[] }

/** What a caller must hold, by operation: the tool that compares the documents does not know our scopes. */
const needsOf = (path: string): Map<string, string> => {
  const { paths } = JSON.parse(readFileSync(resolve(root, path), 'utf8')) as {
    paths: Record<string, Record<string, Operation>>
  }
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

const { status, stdout, stderr } = spawnSync(
  process.execPath,
  ['node_modules/@redocly/cli/bin/cli.js', 'diff', released, current, '--fail-on', 'major'],
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
