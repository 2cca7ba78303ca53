// Loaded into every test process. Ends a test file that hangs, while it can still say what it waits for.
import { Worker } from 'node:worker_threads'

const grace = 2_000

/** Runs beside the tests, so that it also ends a loop which lets no timer fire. */
const watchdog = `
  const { writeSync } = require('node:fs')
  const { workerData } = require('node:worker_threads')
  setTimeout(() => {
    writeSync(2, workerData.message)
    process.kill(process.pid, 'SIGKILL')
  }, workerData.milliseconds)`

const giveUp = (message: string): void => {
  const open = process
    .getActiveResourcesInfo()
    .filter((resource) => resource !== 'Timeout' && resource !== 'MessagePort')
  console.error(`${message} Still open: ${open.join(', ') || 'timers only'}.`)
  process.exit(1)
}

const setDeadline = (file: string, milliseconds: number): void => {
  const message = `${file} did not finish within ${milliseconds / 1_000} s.`
  setTimeout(() => giveUp(message), milliseconds).unref()
  const workerData = {
    milliseconds: milliseconds + grace,
    message: `${message} It is caught in a loop without a pause.\n`,
  }
  new Worker(watchdog, { eval: true, workerData, execArgv: [] }).unref()
}

const file = process.argv[1] ?? ''
// Far more than a file takes, so that only one that hangs is ended, also on a machine with much else to do.
const deadlineOf = (path: string): number => (path.includes('/acceptance/') ? 600_000 : 240_000)
if (process.env.NODE_TEST_CONTEXT) setDeadline(file, deadlineOf(file))
