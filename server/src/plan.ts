import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { systemClock } from './base/clock.ts'
import { AppError } from './base/errors.ts'
import { fromWireId, toWireId } from './base/ids.ts'
import { createLog } from './base/log.ts'
import { type Config, readConfig } from './config.ts'
import { FolderInUseError } from './database/folder-lock.ts'
import { type Database, type Db, openDatabase } from './database/open.ts'
import { changePlan, type PlanRow, selectPlans } from './domain/plans/index.ts'
import { explainStart } from './explain-start.ts'
import { StartError } from './start-error.ts'

const usage = 'usage: npm run plan -- <workspace id or name> <plan>'
const listedWorkspaces = 100

const say = (lines: string[]) => process.stdout.write(`${lines.join('\n')}\n`)

const tableOf = (rows: string[][]): string[] => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

const numberOf = (limit: number | null): string => (limit === null ? 'no limit' : String(limit))

const rowOf = (plan: PlanRow): string[] => [
  plan.id,
  plan.label,
  numberOf(plan.requests_per_minute),
  numberOf(plan.chat_messages_per_day),
  numberOf(plan.key_calls_per_month),
  numberOf(plan.webhooks_max),
]

// A sandbox is on the plan of its workspace, so only the live side is shown and named.
const liveWorkspaces = (system: Db) =>
  system.selectFrom('workspaces').select(['id', 'name', 'plan_id']).where('sandbox_of', 'is', null).orderBy('id')

const list = async (system: Db): Promise<void> => {
  const plans = await selectPlans(system).execute()
  const workspaces = await liveWorkspaces(system)
    .limit(listedWorkspaces + 1)
    .execute()
  say([
    ...tableOf([
      ['PLAN', 'LABEL', 'REQUESTS/MINUTE', 'CHAT MESSAGES/DAY', 'KEY CALLS/MONTH', 'WEBHOOKS'],
      ...plans.map(rowOf),
    ]),
    '',
    ...tableOf([
      ['WORKSPACE', 'PLAN', 'NAME'],
      ...workspaces
        .slice(0, listedWorkspaces)
        .map(({ id, plan_id, name }) => [toWireId('workspace', id), plan_id, name]),
    ]),
    ...(workspaces.length > listedWorkspaces ? [`Only the first ${listedWorkspaces} workspaces are listed.`] : []),
    '',
    usage,
  ])
}

const findWorkspace = async (system: Db, wanted: string): Promise<string> => {
  const id = fromWireId('workspace', wanted)
  if (id !== undefined) return id
  const named = await liveWorkspaces(system).where('name', '=', wanted).execute()
  if (named.length === 1) return named[0]!.id
  if (named.length === 0)
    throw new StartError(`No workspace has the id or the name '${wanted}'. \`npm run plan\` lists them.`)
  const ids = named.map(({ id }) => toWireId('workspace', id)).join(', ')
  throw new StartError(`${named.length} workspaces have the name '${wanted}'. Name one by its id: ${ids}.`)
}

const change = async (system: Db, wanted: string, planId: string): Promise<void> => {
  const workspaceId = await findWorkspace(system, wanted)
  const operator = {
    mode: 'live' as const,
    actor: { type: 'system' as const, name: 'operator' },
    requestId: 'npm run plan',
    clock: systemClock,
    log: createLog('silent'),
  }
  const { plan, changed } = await changePlan(operator, { workspaceId, planId }, { system })
  say([
    changed
      ? `${wanted} and its sandbox are on the plan ${plan.label} now. Running servers follow within a second.`
      : `${wanted} is on the plan ${plan.label} already; nothing was changed.`,
  ])
}

const open = async (config: Config): Promise<Database> => {
  const folder = resolve(config.PARLEY_DATA_DIR)
  if (!config.DATABASE_URL && !existsSync(join(folder, 'database')))
    throw new StartError(
      `There is no embedded database in ${folder}. Set PARLEY_DATA_DIR or DATABASE_URL as the server has it.`,
    )
  try {
    return await openDatabase({ url: config.DATABASE_URL ?? null, folder, maxConnections: 2 })
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error
    throw new StartError(
      `The embedded database in ${folder} is in use by a running server, and only one process can use it. Stop the server, run this again, and start it. On PostgreSQL this works beside running servers.`,
    )
  }
}

/** Lists plans and workspaces, or puts one workspace on a plan. */
const run = async (args: string[]): Promise<void> => {
  if (args.length !== 0 && args.length !== 2) throw new StartError(usage)
  const database = await open(readConfig(process.env))
  try {
    if (args.length === 0) await list(database.system)
    else await change(database.system, args[0]!, args[1]!)
  } finally {
    await database.close()
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const reason = error instanceof AppError ? error.message : explainStart(error, process.env)
  console.error(reason ?? error)
  process.exitCode = 1
})
