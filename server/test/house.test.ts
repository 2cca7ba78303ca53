import assert from 'node:assert/strict'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkHouse } from '../../scripts/house/check-house.ts'
import { readSourceFiles, toSourceFile } from '../../scripts/house/source-file.ts'

/** The messages about a made-up tree of `path under server/src -> text`. */
const breachesOf = (tree: Record<string, string>): string[] =>
  checkHouse(Object.entries(tree).map(([path, text]) => toSourceFile(`server/src/${path}`, text))).map(
    ({ path, line, message }) => `${path.slice('server/src/'.length)}:${line} ${message}`,
  )

const assertBreach = (tree: Record<string, string>, ...patterns: RegExp[]): void => {
  const breaches = breachesOf(tree)
  assert.equal(breaches.length, patterns.length, breaches.join('\n'))
  for (const [index, pattern] of patterns.entries()) assert.match(breaches[index] ?? '', pattern)
}

test('the code keeps the rules of the house', () => {
  const files = readSourceFiles(fileURLToPath(new URL('../..', import.meta.url)))
  assert.ok(files.length > 50, 'the files were found')
  const breaches = checkHouse(files).map(({ path, line, message }) => `${path}:${line}  ${message}`)
  assert.deepEqual(breaches, [])
})

test('imports that go down are welcome', () => {
  assertBreach({
    'main.ts': `import { a } from './http/a.ts'\nimport { t } from './channels/twilio/t.ts'\nprocess.env.PORT`,
    'http/a.ts': `import { createContact } from '../domain/contacts/index.ts'`,
    'domain/contacts/index.ts': `export { createContact } from './create-contact.ts'`,
    'domain/contacts/create-contact.ts': `import { a } from '../../work/a.ts'\nimport type { Channel } from '../../channels/channel.ts'`,
    'channels/twilio/t.ts': `import type { Channel } from '../channel.ts'\nimport { b } from '../../base/b.ts'\nimport pg from 'pg'`,
    'channels/channel.ts': '',
    'work/a.ts': `import { c } from '../database/c.ts'`,
    'database/c.ts': `import {\n  b,\n} from '../base/b.ts'`,
    'base/b.ts': `import { join } from 'node:path'`,
  })
})

test('an import that goes up is refused, whatever its form', () => {
  assertBreach(
    { 'base/a.ts': `import type { Db } from '../database/open.ts'` },
    /^base\/a.ts:1 base imports database .* nothing of ours/,
  )
  assertBreach({ 'database/a.ts': `export { a } from '../work/a.ts'` }, /database imports work/)
  assertBreach({ 'work/a.ts': `\nconst a = await import('../domain/a.ts')` }, /^work\/a.ts:2 work imports domain/)
  assertBreach({ 'domain/a.ts': `import {\n  a,\n} from '../http/a.ts'` }, /^domain\/a.ts:3 domain imports http/)
  assertBreach(
    { 'http/a.ts': `new Worker(new URL('../main.ts', import.meta.url))` },
    /Nothing imports the composition root/,
  )
  assertBreach({ 'http/a.ts': `import type { Config } from '../config.ts'` }, /Nothing imports the composition root/)
})

test('only the composition root knows a provider, and a provider knows nobody', () => {
  assertBreach(
    { 'domain/a.ts': `import { t } from '../channels/twilio/t.ts'` },
    /Only main.ts knows a concrete provider/,
  )
  assertBreach({ 'http/a.ts': `import { t } from '../models/ai-sdk/t.ts'` }, /Only main.ts knows a concrete provider/)
  assertBreach(
    { 'models/ai-sdk/a.ts': `import { t } from '../extractive/t.ts'` },
    /models\/ai-sdk imports models\/extractive/,
  )
  assertBreach({ 'models/ai-sdk/a.ts': `import { t } from '../../channels/channel.ts'` }, /its own contract and base/)
  assertBreach({ 'channels/twilio/a.ts': `import { t } from '../../database/open.ts'` }, /its own contract and base/)
})

test('source does not import tests, and a new folder needs a place', () => {
  assertBreach({ 'http/a.ts': `import { make } from '../../test/make.ts'` }, /belongs to the tests/)
  assertBreach({ 'utils/a.ts': '' }, /The folder utils has no place in the house/)
})

test('a noun imports earlier nouns only, and only through their index', () => {
  const from = (noun: string, target: string) => ({ [`domain/${noun}/a.ts`]: `import { b } from '../${target}'` })
  assertBreach(from('conversations', 'contacts/index.ts'))
  assertBreach(from('agents', 'knowledge/index.ts'))
  assertBreach(from('contacts', 'conversations/index.ts'), /contacts comes before conversations/)
  assertBreach(from('conversations', 'contacts/queries.ts'), /contacts\/queries.ts is private to contacts/)
  assertBreach(from('chat', 'webhooks/index.ts'), /reached by events only/)
  assertBreach(from('automations', 'webhooks/index.ts'), /reached by events only/)
  assertBreach(from('invoices', 'contacts/index.ts'), /The noun invoices has no place/)
})

test('nouns and files do not import each other in a circle', () => {
  assertBreach(
    {
      'domain/agents/a.ts': `import { b } from '../knowledge/index.ts'`,
      'domain/knowledge/b.ts': `import { a } from '../agents/index.ts'`,
    },
    /agents and knowledge import each other/,
  )
  assertBreach(
    { 'base/a.ts': `import './b.ts'`, 'base/b.ts': `import './c.ts'`, 'base/c.ts': `import type { A } from './a.ts'` },
    /circle: server\/src\/base\/a.ts → server\/src\/base\/b.ts → server\/src\/base\/c.ts → server\/src\/base\/a.ts/,
  )
  assertBreach({ 'base/a.ts': `new URL('./b.ts', import.meta.url)`, 'base/b.ts': `import type { A } from './a.ts'` })
})

test('the environment is read in main and config alone', () => {
  assertBreach({ 'http/a.ts': `const a = 1\nconst port = process.env.PORT` }, /^http\/a.ts:2 Reads process.env/)
  assertBreach({ 'config.ts': 'process.env', 'http/a.test.ts': 'process.env' })
})

test('a verb with a transaction checks a scope and records an event, or says why not', () => {
  const verb = (name: string, text: string) => ({ [`domain/contacts/${name}.ts`]: text })
  const opening = 'transaction(ctx.db, async (tx) => {})'
  assertBreach(verb('create-contact', opening), /without requireScope/, /without recordEvent/)
  assertBreach(
    verb('create-contact', `requireScope(ctx, 'contacts:write')\n${opening}`),
    /^domain\/contacts\/create-contact.ts:2 .*recordEvent/,
  )
  assertBreach(verb('create-contact', `requireScope(ctx, 'contacts:write')\n${opening}\nrecordEvent(ctx, tx)`))
  assertBreach(verb('get-contact', `requireScope(ctx, 'contacts:read')\n${opening}`))
  assertBreach(
    verb('get-contact', `requireScope(ctx, 'contacts:read')\n${opening}\ntx.updateTable('contacts')`),
    /recordEvent/,
  )
  assertBreach(verb('purge.work', `// no event: rows nobody can see\n${opening}`))
  assertBreach(verb('create-contact', `// scope:\n// no event: counted only\n${opening}`), /without requireScope/)
})

test('acceptance specs see the server from outside', () => {
  const spec = toSourceFile('acceptance/chat.spec.ts', `import { answer } from '../server/src/domain/chat/index.ts'`)
  assert.match(checkHouse([spec])[0]?.message ?? '', /speak HTTP to a running process/)
  const look = toSourceFile('acceptance/look.spec.ts', `import { openDatabase } from '../server/src/database/open.ts'`)
  assert.deepEqual(checkHouse([look]), [])
})
