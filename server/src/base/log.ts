import { type Logger, pino } from 'pino'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/** Writes one JSON object a line to standard error, so that standard output stays for people. */
export const createLog = (level: string): Log =>
  pino(
    {
      level,
      base: null,
      redact: {
        paths: ['authorization', '*.authorization', 'password', '*.password', 'secret', '*.secret'],
        remove: true,
      },
    },
    pino.destination({ fd: 2, sync: false }),
  )

export const silentLog: Log = pino({ level: 'silent' })
