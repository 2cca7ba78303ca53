import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** One mail that was taken: its envelope, its headers unfolded and decoded, and its texts decoded. */
export type TakenMail = {
  from: string
  to: string
  headers: Record<string, string>
  text: string
  html: string
  raw: string
}

/** Answers with an error of that status where one is returned. */
type Judge = (address: string) => number | undefined

export type MailServer = {
  port: number
  taken: TakenMail[]
  /** Every recipient that was asked for, also in vain. */
  asked: string[]
  /** The names and passwords that were shown, in vain or not. */
  signedIn: { user: unknown; pass: unknown; isEncrypted: boolean }[]
  /** How it answers each recipient from now on; takes all until told otherwise. */
  judge: (how: Judge) => void
  /** How it answers the text of a mail, by its recipient. */
  judgeText: (how: Judge) => void
  /** What is done before the answer to a mail that was taken. */
  beforeTaking: (wait: () => Promise<void>) => void
  stop: () => Promise<void>
}

const refusal = (status: number): Error => Object.assign(new Error('Not today'), { responseCode: status })

const decodeQuoted = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )

// Encoded words that follow each other are one text: a sign may be cut between them.
const decodeWords = (text: string): string =>
  text.replace(/(?:=\?UTF-8\?[QB]\?[^?]*\?=\s*)+/gi, (run) =>
    Buffer.concat(
      [...run.matchAll(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi)].map(([, kind, coded]) =>
        kind!.toUpperCase() === 'B' ? Buffer.from(coded!, 'base64') : decodeQuoted(coded!.replaceAll('_', ' ')),
      ),
    ).toString(),
  )

const splitPart = (part: string): { headers: Record<string, string>; body: string } => {
  const end = part.indexOf('\r\n\r\n')
  const lines = part
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(':')
    return [line.slice(0, at).toLowerCase(), decodeWords(line.slice(at + 1).trim())]
  })
  return { headers: Object.fromEntries(headers), body: part.slice(end + 4) }
}

const bodyOf = ({ headers, body }: ReturnType<typeof splitPart>): string => {
  const encoding = headers['content-transfer-encoding']
  const text = body.replace(/\r\n$/, '')
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString()
  return encoding === 'quoted-printable' ? decodeQuoted(text).toString() : text
}

const read = (raw: string): Omit<TakenMail, 'from' | 'to' | 'raw'> => {
  const { headers, body } = splitPart(raw)
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1]
  const parts = body.split(`--${boundary}`).map((part) => splitPart(part.replace(/^\r\n/, '')))
  const partOf = (type: string) => parts.find((part) => part.headers['content-type']?.startsWith(type))
  const [plain, html] = [partOf('text/plain'), partOf('text/html')]
  return { headers, text: plain ? bodyOf(plain) : '', html: html ? bodyOf(html) : '' }
}

/** A real SMTP server on the loopback that keeps what it takes. */
export const startMailServer = async (options: SMTPServerOptions = {}): Promise<MailServer> => {
  const mails: TakenMail[] = []
  const asked: string[] = []
  const signedIn: MailServer['signedIn'] = []
  let judge: Judge = () => undefined
  let judgeText: Judge = () => undefined
  let beforeTaking: () => Promise<void> = async () => undefined

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onAuth: ({ username, password }, { secure }, callback) => {
      signedIn.push({ user: username, pass: password, isEncrypted: secure })
      callback(null, { user: username })
    },
    onRcptTo: ({ address }, _session, callback) => {
      asked.push(address)
      const status = judge(address)
      callback(status === undefined ? null : refusal(status))
    },
    onData: async (stream, { envelope }, callback) => {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk)
      const raw = Buffer.concat(chunks).toString()
      const to = envelope.rcptTo[0]!.address
      const status = judgeText(to)
      if (status !== undefined) return callback(refusal(status))
      mails.push({ from: envelope.mailFrom === false ? '' : envelope.mailFrom.address, to, raw, ...read(raw) })
      await beforeTaking()
      callback(null)
    },
    ...options,
  })
  // Clients that hang up in the middle are part of the tests.
  server.on('error', () => undefined)
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    port: (listening.address() as AddressInfo).port,
    taken: mails,
    asked,
    signedIn,
    judge: (how) => {
      judge = how
    },
    judgeText: (how) => {
      judgeText = how
    },
    beforeTaking: (wait) => {
      beforeTaking = wait
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
