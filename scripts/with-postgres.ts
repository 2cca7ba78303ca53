import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { type PostgresServer, startPostgres } from '../server/test/postgres-server.ts'

const usage = `usage: node scripts/with-postgres.ts [--no-fsync] -- COMMAND...

Starts an empty PostgreSQL, runs the command with its address in PARLEY_TEST_DATABASE_URL, stops it again,
and ends as the command ended.`

const runCommand = (command: string, args: string[], server: PostgresServer): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, PARLEY_TEST_DATABASE_URL: server.url },
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)))
  })

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    options: { 'no-fsync': { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [command, ...args] = positionals
  if (command === undefined) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  const server = await startPostgres({ fsync: !values['no-fsync'] })
  console.error(`${server.version} at ${server.url}`)
  try {
    process.exitCode = await runCommand(command, args, server)
  } finally {
    await server.stop()
  }
}

await main()
