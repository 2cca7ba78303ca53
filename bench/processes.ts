import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const clockTicksPerSecond = 100

/** CPU seconds a process has used so far, all its threads together. */
export const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond
}

/** Starts a script with this Node and waits until it prints `ready`. */
export const startScript = async (
  args: string[],
  ready: string,
  options: { cwd?: string; env?: Record<string, string>; ipc?: boolean } = {},
): Promise<ChildProcess> => {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc ? ['ipc' as const] : [])],
  })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk))
  const deadline = Date.now() + 60_000
  while (!output.includes(ready)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${args[0]} did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return child
}

/** Sends a message to a process started with `ipc` and waits for its answer: one at a time. */
export const ask = async <Answer>(child: ChildProcess, message: object): Promise<Answer> => {
  const answered = once(child, 'message')
  child.send(message)
  return (await answered)[0] as Answer
}

export const stopProcess = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address ? address.port : 0
}

export const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
