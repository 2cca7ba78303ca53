import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endpoints, version } from '../server/src/endpoints.ts'
import { buildOpenApi } from '../server/src/http/openapi.ts'

const path = fileURLToPath(new URL('../docs/reference/openapi.json', import.meta.url))

// The document does not describe the endpoints that serve it: it would have to contain itself.
const documented = endpoints.filter(({ path }) => !path.endsWith('/openapi.json'))

const read = (): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The first lines in which the two texts differ, to see at a glance what changed. */
const firstDifference = (committed: string, built: string): string => {
  const [before, after] = [committed.split('\n'), built.split('\n')]
  const line = after.findIndex((text, index) => text !== before[index])
  return [`line ${line + 1}`, `- ${before[line] ?? '(end)'}`, `+ ${after[line] ?? '(end)'}`].join('\n')
}

const built = `${JSON.stringify(buildOpenApi(documented, version), null, 2)}\n`
const operations = `${documented.length} operations`

if (process.argv.includes('--check')) {
  const committed = read()
  if (committed === built) {
    console.log(operations)
  } else {
    console.error(
      'docs/reference/openapi.json does not describe the endpoints any more. Run `npm run openapi` and commit it.',
    )
    console.error(firstDifference(committed, built))
    process.exitCode = 1
  }
} else {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, built)
  console.log(`docs/reference/openapi.json: ${operations}`)
}
