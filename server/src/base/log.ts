import { type DestinationStream, type Logger, pino } from 'pino'
import { redact, redactSecrets } from './redact.ts'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/** Writes one JSON object a line, without secrets: to standard error, so that standard output stays for people. */
export const createLog = (
  level: string,
  destination: DestinationStream = pino.destination({ fd: 2, sync: false }),
): Log =>
  pino(
    {
      level,
      base: null,
      formatters: { log: (entry) => redactSecrets(entry) as Record<string, unknown> },
      // What is redacted has an error's parts already, causes and all.
      serializers: { err: (error) => error },
      // The message of a bare error is no member of any entry.
      hooks: { streamWrite: (line) => redact(line, ['secret']).text },
    },
    destination,
  )

export const silentLog: Log = pino({ level: 'silent' })
