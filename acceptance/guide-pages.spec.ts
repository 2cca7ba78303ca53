import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { installParley, type Parley } from './parley.ts'
import { blocksOf, paste, readPage } from './paste.ts'

// The pages of the guide as somebody follows them who has read the quickstart: every command, in one shell a page.

const guide = '../docs/guide/'
// They have specs of their own, which know what must come of each block.
const elsewhere = ['quickstart.md', 'webhooks.md']
// A sign-in provider of the reader's own is not here.
const needsProvider = /oidc/

// The stream of a reader has no end; this one ends where the log does.
const ending = (block: string): string => block.replace('/v1/events/stream', '/v1/events/stream?after=0&follow=false')

const pages = (await readdir(new URL(guide, import.meta.url))).filter((name) => name.endsWith('.md')).sort()

let parley: Parley
let setUp = ''

before(async () => {
  parley = await installParley()
  await parley.start()
  setUp = blocksOf(await readPage(`${guide}quickstart.md`), 'sh')[0]!
  // What a page uploads is a file of the repository.
  await writeFile(join(parley.folder, 'README.md'), await readPage('../README.md'))
})

after(() => parley.remove())

for (const name of pages.filter((page) => !elsewhere.includes(page)))
  test(`every command of ${name} works when it is pasted`, async () => {
    const written = blocksOf(await readPage(guide + name), 'sh')
    const blocks = written.filter((block) => !needsProvider.test(block)).map(ending)
    const [, ...printed] = await paste(parley, [setUp, ...blocks])
    assert.equal(printed.length, blocks.length)
    for (const [i, text] of printed.entries()) {
      assert.doesNotMatch(text, /"error":\{|undefined/, `${blocks[i]}\n${text}`)
      assert.notEqual(text.trim(), '', `nothing came of\n${blocks[i]}`)
    }
  })
