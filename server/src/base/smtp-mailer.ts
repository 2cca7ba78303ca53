import { createTransport } from 'nodemailer'
import { MailError, type Mailer } from './mailer.ts'
import { isMailAddress, type Sender, type SmtpServer } from './smtp-settings.ts'

type Options = {
  server: SmtpServer
  from: Sender
  /** How long a mail may take in all, and how long the server may be silent. */
  timeouts?: { totalMs: number; silenceMs: number }
  /** A certificate authority in PEM that is trusted beside the usual ones. */
  ca?: string
}

// Servers that make strangers wait before they greet them, so as to tell programs from senders of spam, take up to 30 s.
const usualTimeouts = { totalMs: 60_000, silenceMs: 35_000 }
// More of what a server answers is of no use in a log.
const longestReason = 300

const isHere = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/**
 * A password goes to another machine only over TLS that has proven the server's name. Without one, or on this machine, the
 * connection is encrypted if the server can, as mail servers do among themselves.
 */
const encryptionOf = ({ host, isSecure, auth }: SmtpServer, ca: string | undefined) => {
  const mustProve = isSecure || (auth !== null && !isHere(host))
  return {
    secure: isSecure,
    requireTLS: mustProve && !isSecure,
    opportunisticTLS: !mustProve,
    tls: { rejectUnauthorized: mustProve, ...(ca === undefined ? {} : { ca }) },
  }
}

/** Removes the password in every form in which it was sent, for whatever a server may echo. */
const hideIn = (text: string, auth: SmtpServer['auth']): string => {
  if (!auth) return text
  const base64 = (part: string) => Buffer.from(part).toString('base64')
  const forms = [
    base64(`\u0000${auth.user}\u0000${auth.pass}`),
    base64(auth.pass),
    encodeURIComponent(auth.pass),
    auth.pass,
  ]
  return forms.reduce((hidden, form) => hidden.replaceAll(form, '••••'), text)
}

type Failure = { message: string; code: string; status: number | null; command: string }

const partsOf = (error: unknown): Failure => {
  const { message, code, responseCode, command }: Record<string, unknown> =
    error instanceof Error ? { ...error, message: error.message } : {}
  return {
    message: typeof message === 'string' ? message : String(error),
    code: typeof code === 'string' ? code : 'UNKNOWN',
    status: typeof responseCode === 'number' ? responseCode : null,
    command: typeof command === 'string' ? command : '',
  }
}

// A refused password, sender or handshake is a fault of the settings, which somebody will correct: the mail is still good.
const isOfMail = ({ code, status, command }: Failure): boolean =>
  (code === 'EENVELOPE' || code === 'EMESSAGE') &&
  (status === null ? command === 'API' : status >= 500 && (command === 'RCPT TO' || command === 'DATA'))

// Of the limit in all the library says no more than that it was told to stop.
const explain = (failure: Failure): Failure =>
  failure.code === 'EABORT' ? { ...failure, code: 'ETIMEDOUT', message: 'The server did not finish in time' } : failure

const toMailError = (error: unknown, auth: SmtpServer['auth']): MailError => {
  const failure = explain(partsOf(error))
  const { message, code, status } = failure
  return new MailError(hideIn(message, auth).slice(0, longestReason), { isFinal: isOfMail(failure), code, status })
}

/** Sends each mail over a connection of its own. The operator chose the server, so it may be at any address. */
export const createSmtpMailer = ({ server, from, timeouts = usualTimeouts, ca }: Options): Mailer => {
  const { host, port, auth } = server
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  const transport = createTransport({
    host,
    port,
    ...(auth ? { auth } : {}),
    ...encryptionOf(server, ca),
    connectionTimeout: timeouts.silenceMs,
    greetingTimeout: timeouts.silenceMs,
    socketTimeout: timeouts.silenceMs,
    socketCloseTimeout: 1_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })

  return {
    send: async ({ id, to, subject, text, html }, signal) => {
      if (!isMailAddress(to))
        throw new MailError('The address is not one that mail can be sent to.', {
          isFinal: true,
          code: 'EENVELOPE',
          status: null,
        })
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeouts.totalMs)])
      await transport
        .sendMail({
          from,
          to: { name: '', address: to },
          envelope: { from: from.address, to: [to] },
          messageId: `<${id}@${domain}>`,
          subject,
          text,
          html,
          // Machines that answer for people who are away leave such mails alone.
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          signal: inTime,
        })
        .catch((error) => {
          throw toMailError(error, auth)
        })
    },
  }
}
