import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

type Step = { name: string; run: string[] }

type Outcome = { step: Step; isGood: boolean; seconds: number; output: string }

const modules = 'node_modules'

/** Longest first, so that the short ones fill the gaps. */
const steps: Step[] = [
  { name: 'types', run: [`${modules}/typescript/bin/tsc`, '--noEmit', '--pretty', '-p', 'tsconfig.json'] },
  { name: 'format and lint', run: [`${modules}/@biomejs/biome/bin/biome`, 'check', '--error-on-warnings'] },
  { name: 'openapi is current', run: ['scripts/openapi.ts', '--check'] },
  { name: 'openapi is sound', run: [`${modules}/@redocly/cli/bin/cli.js`, 'lint', 'docs/reference/openapi.json'] },
  { name: 'nothing released breaks', run: ['scripts/released.ts'] },
  { name: 'events are current', run: ['scripts/events.ts', '--check'] },
  { name: 'house rules', run: ['scripts/house.ts'] },
  { name: 'links of the docs', run: ['scripts/docs.ts'] },
]

const environment = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const runStep = (step: Step): Promise<Outcome> =>
  new Promise((resolve) => {
    const start = performance.now()
    let output = ''
    const child = spawn(process.execPath, step.run, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const finish = (isGood: boolean): void =>
      resolve({ step, isGood, seconds: (performance.now() - start) / 1_000, output })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.on('error', (error) => {
      output += error.message
      finish(false)
    })
    child.on('close', (code) => finish(code === 0))
  })

/** What a step says of itself when nothing is wrong: its last line. */
const noteOf = (output: string): string => output.trimEnd().split('\n').at(-1)?.trim() ?? ''

const report = ({ step, isGood, seconds, output }: Outcome): void => {
  console.log(
    `${isGood ? '✔' : '✖'} ${step.name.padEnd(24)} ${seconds.toFixed(1)} s  ${isGood ? noteOf(output) : ''}`.trimEnd(),
  )
  if (!isGood) console.log(`\n${output.trimEnd()}\n`)
}

const main = async (): Promise<void> => {
  const start = performance.now()
  const outcomes = await Promise.all(
    steps.map(async (step) => {
      const outcome = await runStep(step)
      report(outcome)
      return outcome
    }),
  )
  const failed = outcomes.filter(({ isGood }) => !isGood).map(({ step }) => step.name)
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  console.log(
    failed.length > 0 ? `\n${failed.length} failed: ${failed.join(', ')} (${seconds} s)` : `\nAll good in ${seconds} s`,
  )
  if (failed.length > 0) process.exitCode = 1
}

await main()
