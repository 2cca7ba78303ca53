import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type RedactKind, redact, redactSecrets } from './redact.ts'

const cleaned = (text: string, kinds?: RedactKind[]) => redact(text, kinds).text

test('card numbers are found by their check digit, however they are grouped', () => {
  for (const card of [
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4111.1111.1111.1111',
    '378282246310005',
    '3782 822463 10005',
    '5555555555554444',
    '6011111111111117',
    '2223003122003222',
    '4111\u00a01111\u00a01111\u00a01111',
  ])
    assert.equal(cleaned(`Pay with ${card}, please.`), 'Pay with [CARD_1], please.', card)
  assert.equal(cleaned('Order 3 4111 1111 1111 1111 2 items', ['card']), 'Order 3 [CARD_1] 2 items')
  assert.equal(cleaned('4111111111111112', ['card']), '4111111111111112')
  assert.equal(cleaned('0000 0000 0000 0000', ['card']), '0000 0000 0000 0000')
  assert.equal(cleaned('1700000000000'), '1700000000000')
})

test('IBANs are found by country length and check digits, and the next word stays', () => {
  for (const iban of [
    'DE89370400440532013000',
    'DE89 3704 0044 0532 0130 00',
    'GB29 NWBK 6016 1331 9268 19',
    'fr14 2004 1010 0505 0001 3M02 606',
    'NO9386011117947',
    'NL91-ABNA-0417-1643-00',
  ])
    assert.equal(cleaned(`To ${iban} thanks`), 'To [IBAN_1] thanks', iban)
  assert.equal(cleaned('DE88370400440532013000', ['iban']), 'DE88370400440532013000')
  assert.equal(cleaned('XX89370400440532013000', ['iban']), 'XX89370400440532013000')
})

test('social security numbers are found when grouped or named', () => {
  assert.equal(cleaned('It is 123-45-6789.'), 'It is [SSN_1].')
  assert.equal(cleaned('It is 123 45 6789.'), 'It is [SSN_1].')
  assert.equal(cleaned('My SSN: 123456789 ok'), 'My SSN: [SSN_1] ok')
  assert.equal(cleaned('social security number is 123456789', ['ssn']), 'social security number is [SSN_1]')
  for (const text of [
    '000-12-3456',
    '666-12-3456',
    '900-12-3456',
    '123-00-4567',
    '123-45-0000',
    '123-45 6789',
    '123456789',
  ])
    assert.equal(cleaned(text, ['ssn']), text)
})

test('e-mail addresses are found in any script', () => {
  assert.equal(cleaned('Write to ada.lovelace+x@mail.example.co.uk.'), 'Write to [EMAIL_1].')
  assert.equal(cleaned('<zoë@bücher.example>'), '<[EMAIL_1]>')
  assert.equal(cleaned(`${'x'.repeat(90)}@example.com`), '[EMAIL_1]')
  for (const text of ['@handle', 'a@b', 'a @ b.com', 'user@localhost']) assert.equal(cleaned(text), text)
})

test('phone numbers are found, dates, prices and order numbers are not', () => {
  for (const phone of [
    '+14155550123',
    '+1 (415) 555-0123',
    '(415) 555-0123',
    '415-555-0123',
    '415.555.0123',
    '1-800-555-0199',
    '4155550123',
    '+44 20 7946 0958',
    '+44 (0)20 7946 0958',
    '0044 20 7946 0958',
    '+49 30 901820',
    '020 7946 0958',
    '06 12 34 56 78',
    '0176 12345678',
    '+81-3-1234-5678',
  ])
    assert.equal(cleaned(`Call ${phone}, ok`), 'Call [PHONE_1], ok', phone)
  assert.equal(cleaned('+1 415-555-0123 +1 415-555-0124'), '[PHONE_1] [PHONE_2]')
  for (const text of [
    '2024-01-15',
    '01.02.2024 10:30',
    '01/02/2024 103000',
    '$1,234.56',
    'Order 12345678',
    '2024-01-15T10:30:00.000Z',
    'v1.2.3',
    '192.168.1.100',
    '1700000000',
    '3.14159265358979',
  ])
    assert.equal(cleaned(text), text, text)
})

test('our own secrets and bearer tokens are found', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'
  for (const secret of [
    `ply_live_${'a1B2'.repeat(9)}`,
    `ply_test_${'a1B2'.repeat(9)}`,
    `whsec_${'aB+/'.repeat(10)}`,
    `ply_widget_${'a1B2'.repeat(9)}`,
    `acme_widget_${'a1B2'.repeat(9)}`,
    `cvs_${'a1B2'.repeat(9)}`,
    `invite_${'aB-_'.repeat(10)}x1Y`,
    `refresh_${'aB-_'.repeat(10)}x1Y`,
    'otpauth://totp/Acme:ada%40acme.test?secret=JBSWY3DPEHPK3PXP&issuer=Acme',
    `Bearer ${'x9'.repeat(10)}`,
    'sk-proj-abcdefghijklmnop',
    jwt,
  ])
    assert.equal(cleaned(`My key is ${secret} !`), 'My key is [SECRET_1] !', secret)
  const harmless = ['invite_accepted', 'refresh_token_reuse_detection', 'cvs_', 'otpauth://', 'ply_widget_key']
  for (const text of ['task-force-of-many-long-words', 'the bearer certificate', 'ply_live_', 'whsec_', ...harmless])
    assert.equal(cleaned(text), text)
})

test('the same value gets the same token, whatever its grouping, and tokens count per kind', () => {
  const { text, found } = redact('4111 1111 1111 1111 or 5555-5555-5555-4444, no 4111-1111-1111-1111; A@x.org a@X.org')
  assert.equal(text, '[CARD_1] or [CARD_2], no [CARD_1]; [EMAIL_1] [EMAIL_1]')
  assert.deepEqual(found, [
    { kind: 'card', token: '[CARD_1]' },
    { kind: 'card', token: '[CARD_2]' },
    { kind: 'email', token: '[EMAIL_1]' },
  ])
})

test('only the kinds asked for are taken out, and overlapping finds leave no rest', () => {
  assert.equal(cleaned('4111111111111111 a@x.org', ['email']), '4111111111111111 [EMAIL_1]')
  assert.equal(cleaned('4155550123@sms.example.com'), '[EMAIL_1]')
  assert.deepEqual(redact('nothing here'), { text: 'nothing here', found: [] })
  assert.deepEqual(redact(''), { text: '', found: [] })
})

test('any text survives around what is taken out', () => {
  const filler = fc.string({ unit: 'binary' }).filter((text) => redact(text).found.length === 0)
  fc.assert(
    fc.property(filler, filler, (before, after) => {
      assert.equal(cleaned(`${before}\n\n4111111111111111\n\n${after}`), `${before}\n\n[CARD_1]\n\n${after}`)
    }),
  )
})

test('a million hostile characters do not hold up the process', () => {
  const parts = [
    '1',
    '1 ',
    '1-',
    '4 ',
    '4111 ',
    '12 ',
    '+1',
    '+',
    '00',
    '0',
    '02 ',
    '(2',
    '(415) ',
    'a',
    'a.',
    'a@',
    '@',
    '@a.',
    'a@a.',
    'é',
    'sk-',
    'eyJ',
    'eyJ-',
    'eyJaaaaaaaaaa.',
    'Bearer ',
    'Bearer a',
    'bearer',
    ' ',
    '\t',
    'ply_live_',
    'whsec_',
    'invite_',
    'refresh_a',
    'cvs_',
    'otpauth://',
    'DE89',
    'DE89 ',
    'MT84 A ',
    'ssn ',
    'ssn 1',
    'social security ',
    '123-45-',
    '123456789 ',
    '-',
    '.',
    '%',
  ]
  for (const part of parts) {
    for (const [head, tail] of [
      ['', ''],
      ['x@', '1'],
      ['Bearer', '!'],
      ['eyJaaaaaaaaaa.', ''],
    ]) {
      const text = head + part.repeat(Math.ceil(1_000_000 / part.length)) + tail
      assert.equal(typeof redact(text).text, 'string')
    }
  }
})

test('logs hide members named like secrets and secrets inside texts', () => {
  const bearer = `Bearer ${'x9'.repeat(20)}`
  const shown = redactSecrets({
    headers: { Authorization: bearer, 'X-API-Key': 'abc', 'content-type': 'application/json', Cookie: 'a=b' },
    password: 'p',
    nested: [{ accessToken: 't', client_secret: 's', key: 'k', apiKey: 'a', name: 'Ada', monkey: 'm', tokens: 5 }],
    note: `sent ${bearer} to https://x.example`,
    empty: { password: null },
    body: Buffer.from('abc'),
    at: new Date(0),
    url: new URL('https://x.example/?k=ply_live_aaaabbbbccccdddd'),
    big: 10n,
  })
  assert.deepEqual(shown, {
    headers: {
      Authorization: '[REDACTED]',
      'X-API-Key': '[REDACTED]',
      'content-type': 'application/json',
      Cookie: '[REDACTED]',
    },
    password: '[REDACTED]',
    nested: [
      {
        accessToken: '[REDACTED]',
        client_secret: '[REDACTED]',
        key: '[REDACTED]',
        apiKey: '[REDACTED]',
        name: 'Ada',
        monkey: 'm',
        tokens: 5,
      },
    ],
    note: 'sent [REDACTED] to https://x.example',
    empty: { password: null },
    body: '[3 bytes]',
    at: new Date(0),
    url: 'https://x.example/?k=[REDACTED]',
    big: '10',
  })
})

test('logs show errors with their cause and end at cycles', () => {
  const error = Object.assign(new Error('failed with whsec_aaaabbbbcccc', { cause: new Error('inner') }), {
    code: 'X',
    token: 't',
  })
  const shown = JSON.parse(JSON.stringify(redactSecrets(error)))
  assert.equal(shown.message, 'failed with [REDACTED]')
  assert.equal(shown.code, 'X')
  assert.equal(shown.token, '[REDACTED]')
  assert.equal(shown.cause.message, 'inner')
  assert.ok(!shown.stack.includes('aaaabbbb'))
  const loop: Record<string, unknown> = {}
  loop.self = loop
  assert.match(JSON.stringify(redactSecrets(loop)), /DEEP/)
})
