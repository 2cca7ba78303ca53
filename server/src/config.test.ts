import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError, readConfig } from './config.ts'

const faultsOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

test('nothing needs to be set, and an empty variable counts as not set', () => {
  const config = readConfig({ PORT: '', DATABASE_URL: '', HOST: '' })
  assert.deepEqual(
    [config.PORT, config.HOST, config.PARLEY_DATA_DIR, config.DATABASE_URL],
    [8080, '127.0.0.1', '.parley', undefined],
  )
  assert.ok(Object.isFrozen(config))
})

test('all bad variables are named at once, and their values are not shown', () => {
  const message = faultsOf({
    PORT: 'http',
    PARLEY_LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://user:hunter2@x/y',
    PARLEY_SECRET_KEY: 'hunter2',
    PARLEY_TRUSTED_PROXIES: 'proxy.internal',
  })
  for (const name of ['PORT', 'PARLEY_LOG_LEVEL', 'DATABASE_URL', 'PARLEY_SECRET_KEY', 'PARLEY_TRUSTED_PROXIES'])
    assert.match(message, new RegExp(`^  ${name}: `, 'm'))
  assert.ok(!message.includes('hunter2'))
})

test('a port is a whole number that a socket can have', () => {
  for (const port of ['-1', '65536', '1.5', 'x', '80a'])
    assert.match(faultsOf({ PORT: port }), /PORT: must be a whole number from 0 to 65535/, port)
  assert.equal(readConfig({ PORT: '0' }).PORT, 0)
})

test('trusted proxies are addresses or networks', () => {
  assert.deepEqual(readConfig({ PARLEY_TRUSTED_PROXIES: '10.0.0.0/8, ::1 ,192.168.1.1' }).PARLEY_TRUSTED_PROXIES, [
    '10.0.0.0/8',
    '::1',
    '192.168.1.1',
  ])
  for (const bad of ['10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/', '::1/129', '10.0.0.0/8/8', 'localhost'])
    assert.match(faultsOf({ PARLEY_TRUSTED_PROXIES: bad }), /PARLEY_TRUSTED_PROXIES/, bad)
})

test('a retry schedule is a list of seconds', () => {
  assert.deepEqual(readConfig({ PARLEY_WEBHOOK_RETRY_SECONDS: '0,1,2.5' }).PARLEY_WEBHOOK_RETRY_SECONDS, [0, 1, 2.5])
  for (const bad of ['x', '-1', ',', '1,Infinity'])
    assert.match(faultsOf({ PARLEY_WEBHOOK_RETRY_SECONDS: bad }), /PARLEY_WEBHOOK_RETRY_SECONDS/, bad)
})

test('a model is named with its address or not at all', () => {
  assert.match(faultsOf({ PARLEY_MODEL_NAME: 'llama' }), /go together/)
  assert.match(faultsOf({ PARLEY_MODEL_BASE_URL: 'http://127.0.0.1:11434/v1' }), /go together/)
  assert.equal(
    readConfig({ PARLEY_MODEL_NAME: 'llama', PARLEY_MODEL_BASE_URL: 'http://127.0.0.1:11434/v1' }).PARLEY_MODEL_NAME,
    'llama',
  )
})

test('an SMTP server is named with the sender or not at all', () => {
  const url = 'smtps://parley:p%40ss%2Fword@mail.example.com'
  const config = readConfig({ PARLEY_SMTP_URL: url, PARLEY_MAIL_FROM: 'Parley <parley@example.com>' })
  assert.deepEqual(
    [config.PARLEY_SMTP_URL, config.PARLEY_MAIL_FROM],
    [
      { host: 'mail.example.com', port: 465, isSecure: true, auth: { user: 'parley', pass: 'p@ss/word' } },
      { name: 'Parley', address: 'parley@example.com' },
    ],
  )
  const bare = readConfig({ PARLEY_SMTP_URL: 'smtp://[::1]:25', PARLEY_MAIL_FROM: 'parley@example.com' })
  assert.deepEqual(
    [bare.PARLEY_SMTP_URL, bare.PARLEY_MAIL_FROM],
    [
      { host: '::1', port: 25, isSecure: false, auth: null },
      { name: '', address: 'parley@example.com' },
    ],
  )
  assert.match(faultsOf({ PARLEY_SMTP_URL: url }), /PARLEY_SMTP_URL and PARLEY_MAIL_FROM go together/)
  assert.match(faultsOf({ PARLEY_MAIL_FROM: 'parley@example.com' }), /go together/)
})

test('an SMTP server that could be misread is refused, without its password', () => {
  for (const bad of [
    'mail.example.com',
    'https://u:hunter2@mail.example.com',
    'smtps://u@mail.example.com',
    'smtps://:hunter2@mail.example.com',
    'smtps://u:hun#ter2@mail.example.com',
    'smtps://u:hun/ter2@mail.example.com',
    'smtps://u:hunter2@mail.example.com/x',
    'smtps://u:hunter2@mail.example.com?tls=no',
    'smtps://u:hunter2%@mail.example.com',
    'smtps://u:hunter2@mail.example.com:70000',
    'smtps://',
  ]) {
    const message = faultsOf({ PARLEY_SMTP_URL: bad, PARLEY_MAIL_FROM: 'parley@example.com' })
    assert.match(message, /PARLEY_SMTP_URL: must be smtps:\/\/user:password@host:465 or /, bad)
    assert.ok(!message.includes('ter2'), bad)
  }
})

test('a sender is an address, with a name or without', () => {
  const PARLEY_SMTP_URL = 'smtp://127.0.0.1:25'
  const read = (PARLEY_MAIL_FROM: string) => readConfig({ PARLEY_SMTP_URL, PARLEY_MAIL_FROM }).PARLEY_MAIL_FROM
  assert.deepEqual(read('"Parley, of Acme" <parley@example.com>'), {
    name: 'Parley, of Acme',
    address: 'parley@example.com',
  })
  assert.deepEqual(read(' <parley@example.com> '), { name: '', address: 'parley@example.com' })
  for (const bad of ['Parley', 'a@b, c@d', 'a@b\r\nBcc: c@d', 'A\nB <a@b>', 'a@b>', '<a@b> x', 'a b@c', '@b', 'a@'])
    assert.match(faultsOf({ PARLEY_SMTP_URL, PARLEY_MAIL_FROM: bad }), /PARLEY_MAIL_FROM: must be an address/, bad)
})

test('the secret key is 32 bytes in base64', () => {
  const key = Buffer.alloc(32, 5)
  assert.deepEqual(readConfig({ PARLEY_SECRET_KEY: key.toString('base64') }).PARLEY_SECRET_KEY, key)
  for (const bad of [Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), 'x'])
    assert.match(faultsOf({ PARLEY_SECRET_KEY: bad }), /32 bytes/)
})

test('only a PostgreSQL can be shared by processes that each do a part', () => {
  assert.equal(readConfig({}).PARLEY_ROLE, 'all')
  for (const PARLEY_ROLE of ['api', 'worker'])
    assert.match(faultsOf({ PARLEY_ROLE }), /PARLEY_ROLE: the embedded database has one process/)
  assert.equal(readConfig({ PARLEY_ROLE: 'worker', DATABASE_URL: 'postgres://x/y' }).PARLEY_ROLE, 'worker')
  assert.match(faultsOf({ PARLEY_ROLE: 'sequencer', DATABASE_URL: 'postgres://x/y' }), /PARLEY_ROLE/)
})
