// Runs on Node 20 without a single dependency: it is what fetches the others. `npm start`, `npm test` and the rest come through here.
import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { constants, hostname } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const neededNode = 24
const neededNpm = 10

/** What each npm script runs, and whether it can do without the development packages. */
const entries = {
  start: { run: ['server/src/main.ts'], packages: 'runtime' },
  test: { run: ['scripts/test.ts'], packages: 'all' },
  check: { run: ['scripts/check.ts'], packages: 'all' },
  plan: { run: ['server/src/plan.ts'], packages: 'runtime' },
  bench: { run: ['bench/run.ts'], packages: 'all' },
  openapi: { run: ['scripts/openapi.ts'], packages: 'all' },
  events: { run: ['scripts/events.ts'], packages: 'all' },
  format: {
    run: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '--linter-enabled=false'],
    packages: 'all',
  },
}

const say = (text) => process.stderr.write(`parley: ${text}\n`)

class Refusal extends Error {}

const major = (version) => Number.parseInt(version, 10)

// --- What is installed ---

const readPackages = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw new Refusal(`${file} cannot be read: ${error.message}`)
  }
}

/** Compares what npm recorded at its last complete install with the lockfile: 'complete', 'runtime' (development packages are missing) or 'stale'. */
const inspect = () => {
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (!wanted)
    throw new Refusal(
      'package-lock.json is missing. It belongs to the repository; `git checkout package-lock.json` brings it back.',
    )
  const installed = readPackages(join(modules, '.package-lock.json'))
  if (!installed) return 'stale'
  let state = 'complete'
  for (const [path, { version, optional, devOptional, dev, link }] of Object.entries(wanted)) {
    if (link || !path.includes('node_modules/')) continue
    if (installed[path]) {
      if (installed[path].version !== version) return 'stale'
    } else if (dev || devOptional) {
      if (!optional && !devOptional) state = 'runtime'
    } else if (!optional) return 'stale'
  }
  return state
}

const isEnough = (state, packages) => state === 'complete' || (state === 'runtime' && packages === 'runtime')

// --- One installation at a time ---

const lockFile = join(root, '.parley-install.lock')
const lockSilence = 30_000

const tryLock = () => {
  try {
    const file = openSync(lockFile, 'wx')
    writeSync(file, `${process.pid} ${hostname()}`)
    closeSync(file)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw new Refusal(`Packages must be installed, but ${root} cannot be written: ${error.message}`)
  }
}

const isRunning = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The holder touches its lock every second; a dead holder, or half a minute of silence, makes it void. */
const isVoid = (holder) => {
  const [pid, host] = holder.split(' ')
  if (host === hostname() && !isRunning(Number(pid))) return true
  const file = statSync(lockFile, { throwIfNoEntry: false })
  return file !== undefined && Date.now() - file.mtimeMs > lockSilence
}

/** Two waiters may find the same void lock: whoever moves a newer one aside by mistake puts it back. */
const breakVoidLock = () => {
  try {
    const holder = readFileSync(lockFile, 'utf8')
    if (!holder.includes(' ') || !isVoid(holder)) return
    const aside = `${lockFile}.${process.pid}`
    renameSync(lockFile, aside)
    if (readFileSync(aside, 'utf8') !== holder) linkSync(aside, lockFile)
    rmSync(aside, { force: true })
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
}

const takeLock = async () => {
  let told = false
  while (!tryLock()) {
    if (!told) say('another process is installing the packages; waiting for it to finish')
    told = true
    breakVoidLock()
    await sleep(200)
  }
  const pulse = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(lockFile, now, now)
    } catch {}
  }, 1_000)
  return () => {
    clearInterval(pulse)
    rmSync(lockFile, { force: true })
  }
}

// --- Installing ---

/** The npm that called us, on the Node it runs on; our own Node may be one of the files about to be replaced. */
const npmCommand = (args) => {
  const cli = process.env.npm_execpath ?? ''
  if (cli.endsWith('npm-cli.js'))
    return { command: process.env.npm_node_execpath ?? process.execPath, args: [cli, ...args] }
  return { command: 'npm', args, shell: process.platform === 'win32' }
}

const runNpm = (args, stdio) =>
  new Promise((resolve, reject) => {
    const { command, args: all, shell } = npmCommand(args)
    const child = spawn(command, all, { cwd: root, stdio, shell })
    let output = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
    })
    const stop = follow(child)
    child.on('error', (error) => {
      stop()
      reject(
        new Refusal(`npm could not be started (${error.message}). Install Node.js with npm ${neededNpm} or newer.`),
      )
    })
    child.on('exit', (code, signal) => {
      stop()
      resolve({ code, signal, output })
    })
  })

const requireNpm = async () => {
  const agent = /^npm\/(\S+)/.exec(process.env.npm_config_user_agent ?? '')
  const version = agent ? agent[1] : (await runNpm(['--version'], ['ignore', 'pipe', 'inherit'])).output.trim()
  if (major(version) >= neededNpm) return
  throw new Refusal(
    `npm ${version || '(unknown)'} is too old to install from this lockfile; ${neededNpm} or newer is needed. ` +
      '`npm install --global npm@11` updates it.',
  )
}

const showPatience = () => {
  if (process.stderr.isTTY) return () => undefined
  const start = Date.now()
  const timer = setInterval(() => say(`still installing (${Math.round((Date.now() - start) / 1_000)} s)`), 10_000)
  return () => clearInterval(timer)
}

const install = async (state, packages) => {
  if (process.platform === 'win32' && process.execPath.startsWith(modules))
    throw new Refusal(
      'The packages are out of date, and Windows cannot replace the running Node.js among them. Run `npm ci`, then try again.',
    )
  await requireNpm()
  // Adding to a runtime-only install leaves the files of a server that may be running from it alone; `npm ci` would remove them first.
  const command = state === 'runtime' ? ['install', '--no-save'] : ['ci']
  const scope = packages === 'runtime' ? ['--omit=dev'] : ['--include=dev']
  const args = [...command, ...scope, '--include=optional', '--loglevel=error']
  say(`installing packages with \`npm ${args.slice(0, -1).join(' ')}\`; the first time takes up to a few minutes`)
  const start = Date.now()
  const stopPatience = showPatience()
  const { code, signal } = await runNpm(args, ['ignore', 2, 2])
  stopPatience()
  if (signal) return signal
  if (code !== 0)
    throw new Refusal(
      `npm could not install the packages (exit code ${code}); the lines above say why. The same command tries again.`,
    )
  if (!isEnough(inspect(), packages))
    throw new Refusal('npm finished, yet packages of the lockfile are missing. Run `npm ci` and read its warnings.')
  say(`packages installed in ${((Date.now() - start) / 1_000).toFixed(1)} s`)
}

/** Resolves with the signal that interrupted the installation, if any. */
const prepare = async (packages) => {
  if (isEnough(inspect(), packages)) return
  const unlock = await takeLock()
  try {
    const state = inspect()
    if (!isEnough(state, packages)) return await install(state, packages)
  } finally {
    unlock()
  }
}

// --- Running ---

/** The running Node when it is new enough, otherwise the one that was installed with the packages. */
const chooseNode = () => {
  if (major(process.versions.node) >= neededNode) return process.execPath
  const windows = process.platform === 'win32'
  const folder = `node-${windows ? 'win' : process.platform}-${process.arch}`
  const packaged = join(modules, folder, 'bin', windows ? 'node.exe' : 'node')
  if (existsSync(packaged)) return packaged
  throw new Refusal(
    `Parley runs on Node.js ${neededNode} or newer; this is ${process.version}, and no Node.js is packaged for ${process.platform} ${process.arch}. ` +
      `Install ${neededNode} (https://nodejs.org/en/download, \`nvm install ${neededNode}\` or \`brew install node@${neededNode}\`) and try again.`,
  )
}

const fromTerminal = Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY)

/**
 * Passes signals on to the child, once each; npm repeats what it receives. Ctrl-C and hang-up reach the whole group of a terminal,
 * child included, so a repeat would look like a second Ctrl-C: only when the child lives on is it asked to stop, by SIGTERM.
 * An npm that was killed outright takes the child with it, or a server nobody sees would keep the port and the data folder.
 */
const follow = (child) => {
  const listeners = new Map()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    let last = 0
    const listener = () => {
      const isRepeat = Date.now() - last < 1_000
      last = Date.now()
      if (isRepeat) return
      if (signal !== 'SIGTERM' && fromTerminal) setTimeout(() => child.kill('SIGTERM'), 2_000).unref()
      else child.kill(signal)
    }
    listeners.set(signal, listener)
    process.on(signal, listener)
  }
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 500)
  return () => {
    clearInterval(watch)
    for (const [signal, listener] of listeners) process.removeListener(signal, listener)
  }
}

const leaveAs = (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : code
  if (signal) process.kill(process.pid, signal)
}

const environment = () => {
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  const bin = join(modules, '.bin')
  const path = process.env[pathName] ?? ''
  return { ...process.env, [pathName]: path.split(delimiter)[0] === bin ? path : `${bin}${delimiter}${path}` }
}

const run = (node, args) => {
  const child = spawn(node, args, { cwd: root, stdio: 'inherit', env: environment() })
  const stop = follow(child)
  child.on('error', (error) => {
    stop()
    say(`${node} could not be started (${error.message}). Install Node.js ${neededNode} or newer and try again.`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    stop()
    leaveAs(code, signal)
  })
}

const main = async () => {
  const [name, ...rest] = process.argv.slice(2)
  const entry = entries[name]
  if (!entry) throw new Refusal(`usage: node scripts/run.mjs ${Object.keys(entries).join(' | ')}`)
  const interruption = await prepare(entry.packages)
  if (interruption) return leaveAs(1, interruption)
  if (!existsSync(join(root, entry.run[0]))) throw new Refusal(`${entry.run[0]} does not exist.`)
  run(chooseNode(), [...entry.run, ...rest])
}

main().catch((error) => {
  if (!(error instanceof Refusal)) throw error
  say(error.message)
  process.exitCode = 1
})
