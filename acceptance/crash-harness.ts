import { parseArgs } from 'node:util'
import { buildWith, isMistake, mistakes } from './crash/broken-builds.ts'
import { type Cluster, type ClusterOptions, startCluster } from './crash/cluster.ts'
import { playOvertaken } from './crash/play-overtaken.ts'
import { playSeed, type Result } from './crash/play-seed.ts'

const usage = `usage: node acceptance/crash-harness.ts [--seeds 20] [--from 1] [--lines 2] [--embedded]
       [--mistake NAME] [--until-broken] [--overtaken]

Writes numbered rows through the API while processes and the database are killed and frozen by a seed, and afterwards
compares what was committed with the log, and the log with what every endpoint received.
  --lines         so many clusters at once, each of two api and two worker processes and a PostgreSQL of its own
  --embedded      one process on the embedded database instead
  --mistake       a build with a mistake in it, to see whether it is found: ${Object.keys(mistakes).join(', ')}
  --until-broken  ends at the first seed with a violation
  --overtaken     no seeds: one worker frozen in the middle of a delivery, overtaken and thawed, which finds unfenced-outcomes`

export type Harness = ClusterOptions & {
  seeds: number[]
  lines: number
  /** End at the first violation. */
  untilBroken?: boolean
  /** What is wrong with the build, for the command that repeats a seed. */
  mistake?: string
  /** How long after the last crash everything may take to arrive. */
  patienceMs?: number
  say?: (line: string) => void
}

const write = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const lineOf = ({ seed, acts, violations, events, deliveries, duplicates, stallMs, tookMs }: Result): string =>
  `${violations.length === 0 ? 'ok    ' : 'BROKEN'} seed ${seed}: ${events} events, ${deliveries} deliveries, ` +
  `${duplicates} twice, stall ${seconds(stallMs)}, took ${seconds(tookMs)} (${acts.join('; ')})`

const repeatWith = (seed: number, { embedded, mistake }: Harness): string =>
  `node acceptance/crash-harness.ts --seeds 1 --from ${seed}${embedded ? ' --embedded' : ''}${mistake ? ` --mistake ${mistake}` : ''}`

/** What all seeds add up to. */
const summaryOf = (results: readonly Result[]): string => {
  const sum = (read: (result: Result) => number) => results.reduce((total, result) => total + read(result), 0)
  const stalls = results.map(({ stallMs }) => stallMs).toSorted((a, b) => a - b)
  const deliveries = sum((result) => result.deliveries)
  const duplicates = sum((result) => result.duplicates)
  const acts = sum((result) => result.acts.length)
  return (
    `${results.length} seeds, ${results.filter(({ violations }) => violations.length > 0).length} broken; ${acts} crashes; ` +
    `${sum((result) => result.events)} events, ${deliveries} deliveries, ${duplicates} came twice ` +
    `(${percent(duplicates, deliveries)}, ${(duplicates / Math.max(1, acts)).toFixed(1)} a crash); ` +
    `longest stall ${seconds(stalls.at(-1) ?? 0)}, median ${seconds(stalls[stalls.length >> 1] ?? 0)}`
  )
}

/** Plays the seeds, several at a time, and tells of each. */
export const runSeeds = async (harness: Harness): Promise<Result[]> => {
  const { seeds, lines, untilBroken = false, patienceMs, say = () => undefined } = harness
  const waiting = [...seeds]
  const results: Result[] = []
  const play = async (cluster: Cluster, seed: number): Promise<boolean> => {
    const result = await playSeed(cluster, seed, patienceMs)
    results.push(result)
    say(lineOf(result))
    for (const violation of result.violations) say(`  ${violation}`)
    if (result.violations.length === 0) return true
    say(`  repeat it with: ${repeatWith(seed, harness)}`)
    if (untilBroken) waiting.length = 0
    return false
  }
  const line = async () => {
    while (waiting.length > 0) {
      const cluster = await startCluster(harness)
      try {
        // What broke may stay broken: the next seed begins anew.
        for (let goesOn = true; goesOn && waiting.length > 0; ) goesOn = await play(cluster, waiting.shift()!)
      } finally {
        await cluster.stop()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lines, seeds.length) }, line))
  say(summaryOf(results))
  return results
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      from: { type: 'string', default: '1' },
      lines: { type: 'string', default: '2' },
      embedded: { type: 'boolean', default: false },
      mistake: { type: 'string' },
      'until-broken': { type: 'boolean', default: false },
      overtaken: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return write(usage)
  if (values.mistake !== undefined && !isMistake(values.mistake))
    throw new Error(`There is no mistake ${values.mistake}.\n${usage}`)
  const build = values.mistake === undefined ? undefined : await buildWith(values.mistake)
  if (values.overtaken) {
    const violations = await playOvertaken(build?.main)
    await build?.remove()
    for (const violation of violations) write(`BROKEN ${violation}`)
    process.exitCode = violations.length === 0 ? 0 : 1
    return write(violations.length === 0 ? 'ok' : 'an overtaken worker was not kept out')
  }
  const results = await runSeeds({
    ...(build ? { main: build.main, mistake: values.mistake!, patienceMs: 20_000 } : {}),
    seeds: Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.from) + i),
    lines: values.embedded ? 1 : Number(values.lines),
    embedded: values.embedded,
    untilBroken: values['until-broken'],
    say: write,
  })
  await build?.remove()
  process.exitCode = results.every(({ violations }) => violations.length === 0) ? 0 : 1
}

if (import.meta.main) await main()
