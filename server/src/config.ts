import { isIP } from 'node:net'
import { z } from 'zod'
import { parseSender, parseSmtpUrl } from './base/smtp-settings.ts'

const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1')
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
)

const isNetwork = (entry: string): boolean => {
  const [address = '', prefix, ...rest] = entry.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!
  return (
    longest > 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest))
  )
}

const network = list.refine((entries) => entries.every(isNetwork), 'must be addresses or networks, separated by commas')

const retrySchedule = list
  .transform((parts) => parts.map(Number))
  .refine(
    (seconds) => seconds.length > 0 && seconds.every((second) => Number.isFinite(second) && second >= 0),
    'must be seconds, separated by commas',
  )

const secret = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === 32, 'must be 32 bytes in base64')

const orExplain =
  <Value>(parse: (text: string) => Value | undefined, message: string) =>
  (text: string, ctx: z.RefinementCtx): Value => {
    const value = parse(text)
    if (value !== undefined) return value
    ctx.addIssue({ code: 'custom', message })
    return z.NEVER
  }

const smtpUrl = z
  .string()
  .transform(
    orExplain(
      parseSmtpUrl,
      'must be smtps://user:password@host:465 or smtp://user:password@host:587, with signs such as @ : / # % of user and password percent-encoded; a server that asks for no password has neither',
    ),
  )

const sender = z
  .string()
  .transform(orExplain(parseSender, 'must be an address, such as parley@example.com or Parley <parley@example.com>'))

const roles = ['all', 'api', 'worker'] as const

/** `api` answers requests, `worker` does the work that they leave, `all` does both. */
export type Role = (typeof roles)[number]

const wholeNumber = (least: number, most: number) => {
  const must = `must be a whole number from ${least} to ${most}`
  return z.coerce.number(must).int(must).min(least, must).max(most, must)
}

const Environment = z.object({
  PARLEY_ROLE: z.enum(roles).default('all'),
  PORT: wholeNumber(0, 65_535).default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  PARLEY_DATA_DIR: z.string().min(1).default('.parley'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must begin with postgres://' }).optional(),
  PARLEY_DATABASE_CONNECTIONS: wholeNumber(2, 200).default(10),
  PARLEY_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  PARLEY_TRUSTED_PROXIES: network.default([]),
  PARLEY_ALLOW_PLAIN_HTTP: flag.default(false),
  PARLEY_SANDBOX_LOOPBACK: flag.default(true),
  PARLEY_SECRET_KEY: secret.optional(),
  PARLEY_KEY_BRAND: z
    .string()
    .regex(/^[a-z][a-z0-9]{1,11}$/, 'must be 2 to 12 lower-case letters or digits')
    .default('ply'),
  PARLEY_WEBHOOK_HEADER_BRAND: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{0,30}$/, 'must be letters and digits')
    .default('Parley'),
  PARLEY_WEBHOOK_RETRY_SECONDS: retrySchedule.default([0, 300, 1_800, 7_200, 28_800]),
  PARLEY_WIDGET_READS_PER_MINUTE: wholeNumber(1, 100_000).default(120),
  PARLEY_WIDGET_WRITES_PER_MINUTE: wholeNumber(1, 100_000).default(20),
  PARLEY_MODEL_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  PARLEY_MODEL_API_KEY: z.string().optional(),
  PARLEY_MODEL_NAME: z.string().min(1).optional(),
  PARLEY_SMTP_URL: smtpUrl.optional(),
  PARLEY_MAIL_FROM: sender.optional(),
  PARLEY_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  PARLEY_CHECK_RESPONSES: flag.default(false),
})

/** How this process was asked to run; every field has its meaning in `docs/guide/self-hosting.md`. */
export type Config = Readonly<z.output<typeof Environment>>

/** The environment is not usable; `message` names every bad variable at once. */
export class ConfigError extends Error {
  constructor(faults: string[]) {
    super(`These settings are not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

const together = (config: Config): string[] => [
  ...((config.PARLEY_MODEL_BASE_URL === undefined) === (config.PARLEY_MODEL_NAME === undefined)
    ? []
    : ['PARLEY_MODEL_BASE_URL and PARLEY_MODEL_NAME go together: set both, or neither.']),
  ...((config.PARLEY_SMTP_URL === undefined) === (config.PARLEY_MAIL_FROM === undefined)
    ? []
    : ['PARLEY_SMTP_URL and PARLEY_MAIL_FROM go together: set both, or neither.']),
  ...(config.PARLEY_ROLE === 'all' || config.DATABASE_URL !== undefined
    ? []
    : [
        `PARLEY_ROLE: the embedded database has one process, which must do everything. Set DATABASE_URL to run a process for ${config.PARLEY_ROLE} alone, or leave the role away.`,
      ]),
]

/** Reads the environment once. Empty variables count as absent. Throws ConfigError. */
export const readConfig = (environment: Record<string, string | undefined>): Config => {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = Environment.safeParse(given)
  const faults = parsed.success
    ? together(parsed.data)
    : parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message.replace(/^Invalid input: /, '')}`)
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(parsed.data)
}
