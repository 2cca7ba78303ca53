import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Another live process has the folder open. */
export class FolderInUseError extends Error {
  constructor(folder: string, pid: number) {
    super(
      `The data folder ${folder} is in use by process ${pid}. Stop that server first, or start this one with another PARLEY_DATA_DIR.`,
    )
    this.name = 'FolderInUseError'
  }
}

// A process id alone is not proof of life: after a reboot another program may have it. On Linux the start time settles it.
const startOf = async (pid: number): Promise<string> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

const isAlive = async (pid: number, start: string): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = await startOf(pid)
  return now === '' || start === '' || now === start
}

type Holder = { text: string; pid: number; start: string }

const readHolder = async (path: string): Promise<Holder | undefined> => {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const [pid = '', start = ''] = text.trim().split(' ')
  return { text, pid: Number(pid), start }
}

// Moved aside first and read again: what another process has just put in its place is given back.
const removeStale = async (path: string, stale: Holder): Promise<void> => {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  if ((await readFile(aside, 'utf8')) !== stale.text) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

/**
 * Takes the folder for this process; a lock left by a killed process is taken over. Returns the release. Processes in
 * different containers cannot see each other, so a folder they share is not protected.
 */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'parley.lock')
  const draft = `${path}.${randomUUID()}`
  // Linked into place whole: a lock that is there but not yet written would look like a stale one.
  await writeFile(draft, `${process.pid} ${await startOf(process.pid)}\n`, { mode: 0o600 })
  try {
    for (let tries = 0; tries < 5; tries++) {
      try {
        await link(draft, path)
        return () => rm(path, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = await readHolder(path)
      if (!holder) continue
      if (holder.pid > 0 && (await isAlive(holder.pid, holder.start))) throw new FolderInUseError(folder, holder.pid)
      await removeStale(path, holder)
    }
    throw new Error(`The data folder ${folder} could not be locked.`)
  } finally {
    await rm(draft, { force: true })
  }
}
