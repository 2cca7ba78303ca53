import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { toWireId } from './base/ids.ts'
import { transaction } from './database/transaction.ts'
import { createAgent } from './domain/agents/index.ts'
import { insertKey } from './domain/api-keys/index.ts'
import type { Ctx } from './domain/context.ts'
import { createSource } from './domain/knowledge/index.ts'
import { scopes } from './domain/scopes.ts'
import { addMember, createUser } from './domain/users/index.ts'
import { createWorkspace } from './domain/workspaces/index.ts'
import type { Deps } from './http/deps.ts'

/** What the first start leaves in the data directory, readable by its owner alone. */
export type Credentials = {
  base_url: string
  workspace_id: string
  live_key: string
  sandbox_key: string
  sandbox_workspace_id: string
  admin_email: string
  admin_password: string
}

const guideFolder = new URL('../../docs/guide/', import.meta.url)
const adminEmail = 'admin@localhost'
// One process makes the first workspace, the others wait: the number is arbitrary but fixed.
const lockKey = 7_252_091_404

type GuidePage = { fileName: string; title: string; text: string }

const readGuide = async (): Promise<GuidePage[]> => {
  const names = (await readdir(guideFolder)).filter((name) => name.endsWith('.md')).sort()
  return Promise.all(
    names.map(async (fileName) => {
      const text = await readFile(new URL(fileName, guideFolder), 'utf8')
      return { fileName, title: /^# (.+)$/m.exec(text)?.[1] ?? fileName, text }
    }),
  )
}

const systemCtx = (deps: Deps, db: Ctx['db'], workspaceId: string, mode: Ctx['mode']): Ctx => ({
  db,
  workspaceId,
  mode,
  actor: { type: 'system', name: 'first-start' },
  requestId: 'first-start',
  clock: deps.clock,
  log: deps.log,
})

const seedSandbox = async (ctx: Ctx, deps: Deps, guide: GuidePage[]): Promise<void> => {
  await createAgent(ctx, { name: 'Guide', instructions: 'Answer questions about Parley from its own guide.' })
  for (const { fileName, title, text } of guide)
    await createSource(
      ctx,
      { type: 'file', name: title },
      { ...deps, file: { name: fileName, mediaType: 'text/markdown', bytes: Buffer.from(text) } },
    )
}

const pathIn = (dataDir: string): string => join(dataDir, 'credentials.json')

const writeCredentials = async (path: string, credentials: Credentials): Promise<void> => {
  await writeFile(`${path}.new`, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
}

/** Keeps `base_url` true when the server is started on another address. Does nothing without a credentials file. */
export const renewBaseUrl = async (dataDir: string, baseUrl: string): Promise<void> => {
  const path = pathIn(dataDir)
  if (!existsSync(path)) return
  const credentials: Credentials = JSON.parse(await readFile(path, 'utf8'))
  if (credentials.base_url !== baseUrl) await writeCredentials(path, { ...credentials, base_url: baseUrl })
}

/**
 * Makes the first workspace, its sandbox with an agent that knows the guide, an owner and two keys. Does nothing when a
 * workspace exists. The file is written before the commit: a crash in between leaves a file that the next start replaces,
 * never keys that nobody can read.
 */
export const firstStart = async (deps: Deps, dataDir: string): Promise<Credentials | undefined> => {
  const guide = await readGuide()
  return transaction(deps.database.system, async (tx) => {
    await sql`select pg_advisory_xact_lock(${lockKey})`.execute(tx)
    const existing = await tx.selectFrom('workspaces').select('id').limit(1).executeTakeFirst()
    if (existing) return undefined
    const now = deps.clock.now()
    const { liveId, sandboxId } = await createWorkspace(tx, { name: 'My workspace', planId: 'unlimited', now })
    const live = systemCtx(deps, tx, liveId, 'live')
    const sandbox = systemCtx(deps, tx, sandboxId, 'sandbox')
    const password = randomBytes(18).toString('base64url')
    const userId = await createUser(tx, { email: adminEmail, name: 'Owner', password, now })
    await addMember(tx, { workspaceId: liveId, userId, role: 'owner', now })
    await createAgent(live, { name: 'Assistant' })
    await seedSandbox(sandbox, deps, guide)
    const every = { name: 'First key', scopes: [...scopes], expiresAt: null }
    const credentials: Credentials = {
      base_url: deps.settings.publicUrl,
      workspace_id: toWireId('workspace', liveId),
      live_key: (await insertKey(live, tx, every, deps.keys)).key,
      sandbox_key: (await insertKey(sandbox, tx, every, deps.keys)).key,
      sandbox_workspace_id: toWireId('workspace', sandboxId),
      admin_email: adminEmail,
      admin_password: password,
    }
    await writeCredentials(pathIn(dataDir), credentials)
    return credentials
  })
}
