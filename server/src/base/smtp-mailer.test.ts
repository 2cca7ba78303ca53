import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { makeCertificates } from '../../test/certificates.ts'
import { startMailServer } from '../../test/mail-server.ts'
import type { Mail, MailError } from './mailer.ts'
import { createSmtpMailer } from './smtp-mailer.ts'
import type { SmtpServer } from './smtp-settings.ts'

const certificates = makeCertificates()
const never = new AbortController().signal
const from = { name: 'Parley', address: 'parley@example.com' }
const mail: Mail = { id: 'notice-1', to: 'ada@acme.test', subject: 'Hello', text: 'A line.\n', html: '<p>A line.</p>' }
const password = 'hunter2 with: signs@/'

const start = async (t: TestContext, options?: SMTPServerOptions) => {
  const server = await startMailServer(options)
  t.after(server.stop)
  const mailerTo = (changed: Partial<SmtpServer> = {}, ca?: string) =>
    createSmtpMailer({
      server: { host: '127.0.0.1', port: server.port, isSecure: false, auth: null, ...changed },
      from,
      ...(ca === undefined ? {} : { ca }),
    })
  return { server, mailerTo }
}

/** A server that says whatever `speak` makes it say. */
const startTalker = async (t: TestContext, speak: (socket: Socket, line: string | null) => void) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').filter(Boolean)) speak(socket, line)
    })
    speak(socket, null)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, isSecure: false, auth: null, sockets }
}

const refusedWith = (expected: Partial<MailError>) => (error: MailError) => {
  const { name, isFinal, code, status, message } = error
  assert.deepEqual({ name, isFinal, code, status, message, ...expected }, { name, isFinal, code, status, message })
  return name === 'MailError'
}

test('a mail arrives with both texts, one Message-ID for its id, and marked as written by a machine', async (t) => {
  const { server, mailerTo } = await start(t)
  await mailerTo().send(mail, never)
  await mailerTo().send(mail, never)
  const [taken, again] = server.taken
  assert.deepEqual(
    [taken!.from, taken!.to, taken!.text.trim(), taken!.html],
    [from.address, mail.to, 'A line.', mail.html],
  )
  const { subject, 'message-id': messageId, 'auto-submitted': auto } = taken!.headers
  assert.deepEqual([subject, messageId, auto], ['Hello', '<notice-1@example.com>', 'auto-generated'])
  assert.equal(again!.headers['message-id'], messageId)
  assert.match(taken!.headers.from!, /Parley.*<parley@example\.com>/)
})

test('nothing in a subject or an address becomes a header or another recipient', async (t) => {
  const { server, mailerTo } = await start(t)
  const subject = 'Hi\r\nBcc: eve@evil.test\r\n\r\nBody of mine\nX-Own: 1\u2028ü'
  await mailerTo().send({ ...mail, subject, to: "o'brien+x@acme.test" }, never)
  const { headers, raw, to } = server.taken[0]!
  assert.equal(to, "o'brien+x@acme.test")
  assert.deepEqual(server.asked, ["o'brien+x@acme.test"])
  assert.ok(!('bcc' in headers) && !('x-own' in headers))
  assert.doesNotMatch(raw, /^(?:bcc|x-own):/im)
  for (const bad of [
    'a@b.test,eve@evil.test',
    'a@b.test>\r\nRCPT TO:<eve@evil.test',
    '<eve@evil.test> a@b.test',
    'x',
    '',
  ])
    await assert.rejects(
      mailerTo().send({ ...mail, to: bad }, never),
      refusedWith({ isFinal: true, code: 'EENVELOPE' }),
    )
  assert.equal(server.asked.length, 1)
})

test('a refusal of the recipient or the text is final with 5xx, and is not with 4xx', async (t) => {
  const { server, mailerTo } = await start(t)
  for (const status of [450, 550]) {
    server.judge(() => status)
    await assert.rejects(mailerTo().send(mail, never), refusedWith({ isFinal: status >= 500, status }))
  }
  server.judge(() => undefined)
  for (const status of [451, 554]) {
    server.judgeText(() => status)
    await assert.rejects(mailerTo().send(mail, never), refusedWith({ isFinal: status >= 500, status }))
  }
  assert.deepEqual(server.taken, [])
})

test('a refusal of the password, the sender or the greeting is not final: the settings may be corrected', async (t) => {
  const { mailerTo } = await start(t, {
    onAuth: (_auth, _session, callback) => callback(new Error('Invalid username or password')),
    onMailFrom: (_address, _session, callback) =>
      callback(Object.assign(new Error('Sender not allowed'), { responseCode: 553 })),
  })
  const auth = { user: 'parley', pass: password }
  await assert.rejects(
    mailerTo({ auth }).send(mail, never),
    refusedWith({ isFinal: false, code: 'EAUTH', status: 535 }),
  )
  await assert.rejects(mailerTo().send(mail, never), refusedWith({ isFinal: false, code: 'EENVELOPE', status: 553 }))
  const closed = await startTalker(t, (socket, line) => void (line === null && socket.write('554 no service here\r\n')))
  await assert.rejects(createSmtpMailer({ server: closed, from }).send(mail, never), refusedWith({ isFinal: false }))
})

test('a server that refuses the connection, drops it, or is silent is tried again later', async (t) => {
  const { server, mailerTo } = await start(t)
  await server.stop()
  await assert.rejects(mailerTo().send(mail, never), refusedWith({ isFinal: false }))

  const dropper = await startTalker(t, (socket, line) => {
    if (line === null) socket.write('220 hello\r\n')
    else if (/^(?:EHLO|MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n')
    else if (line === 'DATA') socket.write('354 go on\r\n')
    else socket.destroy()
  })
  await assert.rejects(createSmtpMailer({ server: dropper, from }).send(mail, never), refusedWith({ isFinal: false }))

  for (const greets of [false, true]) {
    const silent = await startTalker(
      t,
      (socket, line) => void (greets && line === null && socket.write('220 hello\r\n')),
    )
    const timeouts = { totalMs: 60_000, silenceMs: 50 }
    await assert.rejects(
      createSmtpMailer({ server: silent, from, timeouts }).send(mail, never),
      refusedWith({ isFinal: false, code: 'ETIMEDOUT' }),
    )
  }
})

test('a server that is never done, and one that is left in the middle, lose their connection', async (t) => {
  const endless = await startTalker(t, (socket, line) => {
    if (line !== null) return
    const timer = setInterval(() => socket.write('220-wait\r\n'), 10)
    socket.on('close', () => clearInterval(timer))
  })
  const mailer = createSmtpMailer({ server: endless, from, timeouts: { totalMs: 100, silenceMs: 60_000 } })
  await assert.rejects(mailer.send(mail, never), refusedWith({ isFinal: false, code: 'ETIMEDOUT' }))

  const patient = createSmtpMailer({ server: endless, from })
  const stopping = new AbortController()
  const sent = assert.rejects(patient.send(mail, stopping.signal), refusedWith({ isFinal: false }))
  stopping.abort()
  await sent
  while (endless.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
})

test('a password is sent over TLS that has proven itself, or not at all', {
  skip: !certificates && 'no openssl',
}, async (t) => {
  const { authority, good, wrongName } = certificates!
  const auth = { user: 'parley', pass: password }
  const { server, mailerTo } = await start(t, { ...good, secure: true })
  await mailerTo({ isSecure: true, auth }, authority).send(mail, never)
  assert.deepEqual(server.signedIn, [{ user: 'parley', pass: password, isEncrypted: true }])
  await assert.rejects(mailerTo({ isSecure: true, auth }).send(mail, never), refusedWith({ isFinal: false }))

  const wrong = await start(t, { ...wrongName, secure: true })
  await assert.rejects(
    wrong.mailerTo({ isSecure: true, auth }, authority).send(mail, never),
    refusedWith({ isFinal: false }),
  )
  assert.deepEqual([wrong.server.signedIn, server.signedIn.length], [[], 1])

  const upgraded = await start(t, { ...good, disabledCommands: [] })
  await upgraded.mailerTo({ auth }, authority).send(mail, never)
  assert.equal(upgraded.server.signedIn[0]?.isEncrypted, true)
  // The same machine by an address that does not look like it.
  const elsewhere = { host: '0.0.0.0', auth }
  await assert.rejects(upgraded.mailerTo(elsewhere).send(mail, never), refusedWith({ isFinal: false }))
  const plain = await start(t)
  await assert.rejects(plain.mailerTo(elsewhere).send(mail, never), refusedWith({ isFinal: false, code: 'ETLS' }))
  assert.deepEqual([upgraded.server.signedIn.length, plain.server.signedIn.length], [1, 0])
  await plain.mailerTo({ host: '0.0.0.0' }).send(mail, never)
  await upgraded.mailerTo({ host: '0.0.0.0' }).send(mail, never)
  assert.deepEqual([upgraded.server.taken.length, plain.server.taken.length], [2, 1])
})

test('whatever a server echoes, the error does not hold the password', async (t) => {
  const auth = { user: 'parley', pass: password }
  const forms = [password, encodeURIComponent(password), Buffer.from(password).toString('base64')]
  const plain = Buffer.from(`\u0000parley\u0000${password}`).toString('base64')
  const { mailerTo } = await start(t, {
    onAuth: (_auth, _session, callback) => callback(new Error(`no: ${[...forms, plain].join(' ')}`)),
  })
  await assert.rejects(mailerTo({ auth }).send(mail, never), (error: MailError) => {
    const told = JSON.stringify({ ...error, message: error.message, stack: error.stack, cause: error.cause })
    assert.match(error.message, /no: ••••/)
    for (const form of [...forms, plain]) assert.ok(!told.includes(form), form)
    return true
  })
})
