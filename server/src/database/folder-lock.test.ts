import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { FolderInUseError, lockFolder } from './folder-lock.ts'

const folders: string[] = []
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-lock-'))
  folders.push(folder)
  return folder
}
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A process that takes the lock, says so, and keeps it until its input closes. */
const holdInProcess = (folder: string) => {
  const module = new URL('folder-lock.ts', import.meta.url).href
  const script = `const { lockFolder } = await import('${module}')
    try { const release = await lockFolder(${JSON.stringify(folder)}); console.log('held'); process.stdin.resume(); process.stdin.on('end', () => release()) }
    catch (error) { console.log(error.name) }`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
}

const sayingOf = async (child: ReturnType<typeof holdInProcess>): Promise<string> =>
  String((await once(child.stdout!, 'data'))[0]).trim()

test('a folder is taken once, also within one process, and again after its release', async () => {
  const folder = await newFolder()
  const release = await lockFolder(folder)
  await assert.rejects(lockFolder(folder), FolderInUseError)
  await release()
  await (await lockFolder(folder))()
  assert.deepEqual(await readdir(folder), [])
})

test('a folder that another process has is refused with its number, and taken over once that process is killed', async () => {
  const folder = await newFolder()
  const child = holdInProcess(folder)
  assert.equal(await sayingOf(child), 'held')
  await assert.rejects(
    lockFolder(folder),
    (error: Error) =>
      error instanceof FolderInUseError && error.message.includes(String(child.pid)) && error.message.includes(folder),
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const release = await lockFolder(folder)
  assert.match(await readFile(join(folder, 'parley.lock'), 'utf8'), new RegExp(`^${process.pid} `))
  await release()
})

test('a lock of a process number that now belongs to another program is stale', {
  skip: process.platform !== 'linux' && 'start times are read from /proc',
}, async () => {
  const folder = await newFolder()
  await writeFile(join(folder, 'parley.lock'), `${process.ppid} 1\n`)
  await (await lockFolder(folder))()
  await writeFile(join(folder, 'parley.lock'), `${process.pid} 1\n`)
  await (await lockFolder(folder))()
})

test('a lock that says nothing readable is stale', async () => {
  const folder = await newFolder()
  for (const text of ['', 'nonsense', '-1 5', '0']) {
    await writeFile(join(folder, 'parley.lock'), text)
    await (await lockFolder(folder))()
  }
})

test('of processes that start at once over a stale lock, one gets the folder', async () => {
  for (let round = 0; round < 3; round++) {
    const folder = await newFolder()
    await writeFile(join(folder, 'parley.lock'), '999999999 1\n')
    const children = Array.from({ length: 4 }, () => holdInProcess(folder))
    const said = await Promise.all(children.map(sayingOf))
    assert.deepEqual(
      said.filter((word) => word === 'held'),
      ['held'],
    )
    for (const child of children) child.stdin!.end()
  }
})
