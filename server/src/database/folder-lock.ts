import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Another live process has the folder open. */
export class FolderInUseError extends Error {
  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by process ${pid}. Stop that server first, or start this one with another PARLEY_DATA_DIR.`)
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

/** Takes the folder for this process; a lock left by a killed process is taken over. Returns the release. */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'parley.lock')
  const mine = `${process.pid} ${await startOf(process.pid)}\n`
  for (let tries = 0; tries < 5; tries++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(mine)
      await file.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pidText = '', start = ''] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ')
    const pid = Number(pidText)
    if (pid > 0 && pid !== process.pid && (await isAlive(pid, start))) throw new FolderInUseError(folder, pid)
    await rm(path, { force: true })
  }
  throw new Error(`The data folder ${folder} could not be locked.`)
}
