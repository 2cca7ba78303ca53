import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { createLookup } from './safe-http-resolver.ts'

test('localhost and the names below it never leave the machine', async () => {
  const lookup = createLookup('/no/such/file')
  for (const name of ['localhost', 'LOCALHOST', 'app.localhost'])
    assert.deepEqual(
      (await lookup(name)).map(({ address }) => address),
      ['127.0.0.1', '::1'],
    )
})

test('the hosts file is asked first', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-hosts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'hosts'),
    '# comment\n10.1.2.3\thooks.internal  Other.internal # more\n\nfd12::1 hooks.internal\nbroken line\n',
  )
  const lookup = createLookup(join(folder, 'hosts'))
  assert.deepEqual(await lookup('Hooks.internal'), [
    { address: '10.1.2.3', family: 4 },
    { address: 'fd12::1', family: 6 },
  ])
  assert.deepEqual(await lookup('other.internal'), [{ address: '10.1.2.3', family: 4 }])
})

test('a name without an address is rejected', async () => {
  await assert.rejects(createLookup('/no/such/file')('no-such-name.invalid'))
})
