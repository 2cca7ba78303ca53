import assert from 'node:assert/strict'
import test from 'node:test'
import { createLog } from './log.ts'

const written = (write: (log: ReturnType<typeof createLog>) => void): string => {
  const lines: string[] = []
  write(createLog('trace', { write: (line: string) => lines.push(line) }))
  return lines.join('')
}

const secret = `whsec_${'aB3'.repeat(13)}`

test('a line of the log holds no secret, wherever an error or an entry carries it', () => {
  const error = Object.assign(new Error(`broke on ${secret}`, { cause: new Error(`because of ${secret}`) }), {
    detail: `Failing row contains (${secret}).`,
  })
  const text = written((log) => {
    log.error({ err: error, request_id: secret, password: 'hunter22' }, 'a request failed')
    log.error(error)
    log.warn(`seen ${secret}`)
  })
  assert.ok(!text.includes('aB3aB3') && !text.includes('hunter22'), text)
})

test('what is no secret stays readable, an error with its stack and its cause', () => {
  const line = JSON.parse(
    written((log) => log.error({ err: new Error('broke', { cause: new Error('cable') }), item: 7 }, 'it failed')),
  )
  assert.deepEqual(
    [line.level, line.msg, line.item, line.err.message, line.err.cause.message],
    [50, 'it failed', 7, 'broke', 'cable'],
  )
  assert.match(line.err.stack, /log\.test\.ts/)
})
