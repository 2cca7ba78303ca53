import { spawn } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const suites = ['server/**/*.test.ts', 'acceptance/**/*.spec.ts', 'scripts/**/*.test.ts']
// Names the test that hangs; a test that needs longer says so with its own `timeout`. Whole files end in test-deadline.ts.
const testTimeout = 100_000
// Two embedded databases at a time fill two cores and about 1 GB; more processes only wait for each other.
const concurrency = Math.min(Math.max(availableParallelism(), 2), 4)

const usage = `usage: npm test                                  every test
       npm test -- server/src/domain/contacts    a folder, a file, or any part of a path
       npm test -- --test-name-pattern=REGEX     options of node --test`

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const isChosen = (file: string, filters: string[]): boolean =>
  filters.length === 0 ||
  filters.some((filter) =>
    isFolder(filter) ? file.startsWith(`${filter.replace(/\/$/, '')}/`) : file.includes(filter),
  )

const main = (): void => {
  process.chdir(root)
  const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
  const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
  const all = globSync(suites).map((file) => file.replaceAll('\\', '/'))
  const files = all.filter((file) => isChosen(file, filters)).sort()
  if (options.includes('--help')) {
    console.log(usage)
    return
  }
  if (files.length === 0) {
    console.error(`No test file matches ${filters.join(' ') || suites.join(' ')}.\n${usage}`)
    process.exitCode = 1
    return
  }
  const args = [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${testTimeout}`,
    `--import=${new URL('test-deadline.ts', import.meta.url)}`,
  ]
  const child = spawn(process.execPath, [...args, ...options, ...files], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
}

main()
