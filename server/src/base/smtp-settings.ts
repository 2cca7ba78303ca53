export type SmtpServer = {
  host: string
  port: number
  /** TLS from the first byte; otherwise by STARTTLS. */
  isSecure: boolean
  auth: { user: string; pass: string } | null
}

export type Sender = { name: string; address: string }

const usualPort = { 'smtps:': 465, 'smtp:': 587 }

const isKnownProtocol = (protocol: string): protocol is keyof typeof usualPort => protocol in usualPort

/** Reads `smtps://user:password@host:465`. Undefined for any other text: half of one would send a password to a stranger. */
export const parseSmtpUrl = (text: string): SmtpServer | undefined => {
  const url = URL.parse(text)
  if (!url || !isKnownProtocol(url.protocol) || url.hostname === '') return undefined
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') return undefined
  if ((url.username === '') !== (url.password === '') || url.port === '0') return undefined
  try {
    const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? usualPort[url.protocol] : Number(url.port),
      isSecure: url.protocol === 'smtps:',
      auth: user === '' ? null : { user, pass },
    }
  } catch {
    return undefined
  }
}

const address = /^[^\s@<>()[\]\\,;:"\p{C}]+@[\p{L}\p{N}.-]+$/u

/** Whether a mail can be addressed so, without a sign that means something else in a header or a command. */
export const isMailAddress = (text: string): boolean => text.length <= 320 && address.test(text)

/** Reads `parley@example.com` and `Parley <parley@example.com>`. */
export const parseSender = (text: string): Sender | undefined => {
  const [, quoted, plain, bracketed] = /^\s*(?:"([^"\\\p{C}]*)"|([^"<>\\\p{C}]*?))\s*<([^<>]+)>\s*$/u.exec(text) ?? []
  const sender =
    bracketed === undefined ? { name: '', address: text.trim() } : { name: quoted ?? plain ?? '', address: bracketed }
  return isMailAddress(sender.address) ? sender : undefined
}
