import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { freePort, median, startScript, stopProcess } from './processes.ts'

const run = fileURLToPath(new URL('../scripts/run.mjs', import.meta.url))
const warmStarts = 5

const timeStart = async (folder: string): Promise<{ first200: number; ready: number }> => {
  const port = await freePort()
  const begun = performance.now()
  const starting = startScript([run, 'start'], 'Parley is ready', {
    env: { PORT: String(port), PARLEY_DATA_DIR: folder, PARLEY_LOG_LEVEL: 'warn' },
  })
  let first200 = 0
  while (first200 === 0) {
    const answer = await request(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)
    await answer?.body.dump()
    if (answer?.statusCode === 200) first200 = performance.now() - begun
    else await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const child = await starting
  const ready = performance.now() - begun
  await stopProcess(child)
  return { first200, ready }
}

/** From the command to the first 200 on the embedded database: an empty folder once, then the same folder again. */
export const benchStart = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const cold = await timeStart(folder)
  const warm = []
  for (let i = 0; i < warmStarts; i++) warm.push((await timeStart(folder)).first200)
  console.log('start on the embedded database, as npm start runs it')
  console.log(
    `cold (empty folder): first 200 after ${(cold.first200 / 1_000).toFixed(2)} s, guide ready after ${(cold.ready / 1_000).toFixed(2)} s (goal ≤ 8 s)`,
  )
  console.log(`warm: first 200 after ${(median(warm) / 1_000).toFixed(2)} s, median of ${warmStarts} (goal ≤ 2 s)`)
  await rm(folder, { recursive: true, force: true })
}
