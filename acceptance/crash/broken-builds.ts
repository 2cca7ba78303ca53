import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Patch = { file: string; find: string; put: string }

/** Mistakes that the design exists to avoid, each as small as it would be made. The harness must find every one of them. */
export const mistakes = {
  'events-after-commit': {
    why: 'events are recorded in a second transaction, after the commit of the change that they tell of',
    patches: [
      {
        file: 'database/scoped-dialect.ts',
        find: "    await this.#send([...this.atCommit.splice(0), { sql: 'commit', parameters: [] }])",
        put: `    const later = this.atCommit.splice(0)
    await this.#send([{ sql: 'commit', parameters: [] }])
    if (later.length > 0) await new Promise((resolve) => setTimeout(resolve, 40))
    for (const statement of later) await this.#send([statement])`,
      },
    ],
  },
  'settled-before-sent': {
    why: 'a delivery leaves the queue when it is read, not when its outcome is written',
    patches: [
      {
        file: 'work/read-ahead.ts',
        find: '    const items = await readDueItems(db, hungry, clock.now(), limit)',
        put: `    const items = await readDueItems(db, hungry, clock.now(), limit)
    for (const { workspaceId, id } of items)
      await db.deleteFrom('work_items').where('workspace_id', '=', workspaceId).where('id', '=', id).execute()`,
      },
    ],
  },
  'fan-out-after-numbers': {
    why: 'deliveries are made in a second transaction, after events got their numbers',
    patches: [
      {
        file: 'domain/events/sequence-events.ts',
        find: '    const enqueued = sequenced > 0 ? await fanOut(tx, ranges) : 0',
        put: `    const later = () => transaction(db, (after) => fanOut(after, ranges)).catch(() => undefined)
    if (sequenced > 0) setTimeout(later, 20)
    const enqueued = 0`,
      },
    ],
  },
  'unfenced-outcomes': {
    why: 'an outcome is written whoever has the lane by now',
    patches: [
      {
        file: 'work/settle.ts',
        find: '      stale: epochs.get(laneName(entry.item)) !== entry.epoch,',
        put: '      stale: !epochs.has(laneName(entry.item)),',
      },
    ],
  },
} satisfies Record<string, { why: string; patches: Patch[] }>

export type Mistake = keyof typeof mistakes

export const isMistake = (name: string): name is Mistake => Object.hasOwn(mistakes, name)

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A copy of the server with one mistake in it; throws when the place of the mistake is not there any more. */
export const buildWith = async (mistake: Mistake): Promise<{ main: string; remove(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-broken-'))
  const source = join(folder, 'server', 'src')
  await mkdir(join(folder, 'server'))
  await cp(join(root, 'server', 'src'), source, { recursive: true })
  for (const name of ['migrations', 'package.json'])
    await symlink(join(root, 'server', name), join(folder, 'server', name))
  for (const name of ['node_modules', 'docs', 'package.json']) await symlink(join(root, name), join(folder, name))
  for (const { file, find, put } of mistakes[mistake].patches) {
    const text = await readFile(join(source, file), 'utf8')
    if (text.split(find).length !== 2)
      throw new Error(`The mistake ${mistake} has no place in server/src/${file} any more; look for a new one.`)
    await writeFile(
      join(source, file),
      text.replace(find, () => put),
    )
  }
  return { main: join(source, 'main.ts'), remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) }
}
