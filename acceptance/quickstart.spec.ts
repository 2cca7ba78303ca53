import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Answer, createInstaller, eventually, freePort } from './parley.ts'
import { blocksOf, paste, readPage } from './paste.ts'

const { install, removeAll } = createInstaller()
after(removeAll)

// An answer that goes into a variable is not shown, and a delete has none.
const showsAnswer = (block: string): boolean =>
  block.split('\n').some((line) => line.startsWith('curl ') && !line.includes('-X DELETE'))

// The local receiver of the page listens on a port that is free on a reader's machine, but perhaps not on this one.
const onFreePort = async (blocks: string[]): Promise<string[]> => {
  const port = String(await freePort())
  return blocks.map((block) => block.replaceAll(/\b4000\b/g, port))
}

test('the first question that a new installation takes is answered from the guide', async () => {
  const parley = await install()
  const started = parley.start()
  const ask = async () => {
    const { sandbox_key: key } = await parley.credentials()
    return parley.call('POST', '/v1/chat', { key, body: { message: 'How do I verify a webhook signature?' } })
  }
  // Neither the credentials nor the port are there at first.
  const asked = async (): Promise<Answer> => ask().catch(() => setTimeout(20).then(asked))
  const { status, body } = await asked()
  assert.equal(status, 200)
  assert.match(body.citations[0]?.title ?? '', /signature/, JSON.stringify(body))
  await started
})

for (const [name, path] of [
  ['README.md', '../README.md'],
  ['the quickstart of the guide', '../docs/guide/quickstart.md'],
] as const)
  test(`every block of ${name} works when it is pasted`, async () => {
    const parley = await install()
    await parley.start()
    const blocks = await onFreePort(blocksOf(await readPage(path), 'sh'))
    assert.ok(blocks.length >= 4)
    const printed = await paste(parley, blocks)
    assert.equal(printed.length, blocks.length)
    for (const [i, text] of printed.entries()) {
      assert.doesNotMatch(text, /"error":\{|undefined/, `${blocks[i]}\n${text}`)
      if (showsAnswer(blocks[i]!)) assert.notEqual(text.trim(), '', `nothing came of\n${blocks[i]}`)
    }
    const answered = printed.find((text) => text.includes('"citations":[{'))
    assert.match(answered ?? '', /signature/i, printed.join('\n'))
    assert.ok(printed.some((text) => text.includes('event: message-end')))
    // An event is numbered a moment after its commit: a shell that pastes without a pause may look before that.
    await eventually(
      async () =>
        (await parley.call('GET', '/v1/events?limit=100')).body.data.map(({ type }: { type: string }) => type),
      (types: string[]) => types.includes('contact.created'),
    )
    assert.ok(printed.some((text) => text.includes('"sequence":')))
    const { data } = (await parley.call('GET', '/v1/contacts?search=alex')).body
    assert.equal(data[0].email, 'alex@acmecorp.com')
  })
