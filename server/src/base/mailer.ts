/** One mail to one person. The same `id` makes the same Message-ID, however often it is sent. */
export type Mail = { id: string; to: string; subject: string; text: string; html: string }

/**
 * The mail did not go out. `isFinal`: the server has refused this mail, and would again; otherwise the trouble is the
 * server's, the network's or of our settings, and may pass. The message holds no secret of the settings.
 */
export class MailError extends Error {
  readonly isFinal: boolean
  /** Of the library: `EAUTH`, `EENVELOPE`, `ETIMEDOUT`. */
  readonly code: string
  /** What the server answered, where it did. */
  readonly status: number | null

  constructor(message: string, { isFinal, code, status }: Pick<MailError, 'isFinal' | 'code' | 'status'>) {
    super(message)
    this.name = 'MailError'
    this.isFinal = isFinal
    this.code = code
    this.status = status
  }
}

export type Mailer = {
  /** Resolves once the server has taken the mail. Throws MailError, also when `signal` aborts. */
  send(mail: Mail, signal: AbortSignal): Promise<void>
}
