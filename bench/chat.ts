import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { fromWireId } from '../server/src/base/ids.ts'
import { openDatabase } from '../server/src/database/open.ts'
import { retrieve } from '../server/src/domain/knowledge/index.ts'
import { freePort, median, startScript, stopProcess } from './processes.ts'

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const turns = 40
const questions = [
  'How do I verify a webhook signature?',
  'What is the retry schedule?',
  'How do I rotate an API key?',
  'How do I stop the server?',
]

const streamOnce = async (origin: string, key: string, message: string): Promise<{ first: number; whole: number }> => {
  const start = performance.now()
  const response = await request(`${origin}/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ message, stream: true }),
  })
  let first = 0
  for await (const _ of response.body) first ||= performance.now() - start
  return { first, whole: performance.now() - start }
}

const show = (title: string, goal: number, values: number[]): void => {
  const sorted = values.toSorted((a, b) => a - b)
  console.log(
    `${title}: median ${median(values).toFixed(1)} ms, p95 ${sorted[Math.floor(sorted.length * 0.95)]!.toFixed(1)} ms (goal ≤ ${goal} ms)`,
  )
}

/** Time to the first event of a streamed answer, and of retrieval alone over the seeded guide, on the embedded database. */
export const benchChat = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const port = await freePort()
  const server = await startScript([main], 'Parley is ready', {
    cwd: folder,
    env: { PORT: String(port), PARLEY_LOG_LEVEL: 'warn' },
  })
  const credentials = JSON.parse(await readFile(join(folder, '.parley', 'credentials.json'), 'utf8'))
  const times = []
  for (let turn = 0; turn < turns; turn++)
    times.push(
      await streamOnce(`http://127.0.0.1:${port}`, credentials.sandbox_key, questions[turn % questions.length]!),
    )
  await stopProcess(server)
  console.log(`chat on the embedded database, extractive model, ${turns} turns`)
  show(
    'first event of a streamed chat',
    30,
    times.slice(5).map(({ first }) => first),
  )
  show(
    'whole streamed answer',
    60,
    times.slice(5).map(({ whole }) => whole),
  )

  const database = await openDatabase({ url: null, folder: join(folder, '.parley') })
  const workspaceId = fromWireId('workspace', credentials.sandbox_workspace_id)!
  const retrieval = []
  for (let turn = 0; turn < turns * 2; turn++) {
    const start = performance.now()
    await retrieve(database.workspace(workspaceId), workspaceId, {
      text: questions[turn % questions.length]!,
      limit: 6,
      sourceIds: null,
      audience: 'public',
    })
    retrieval.push(performance.now() - start)
  }
  show('retrieval over the guide', 5, retrieval.slice(10))
  await database.close()
  await rm(folder, { recursive: true, force: true })
}
