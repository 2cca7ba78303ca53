import { AppError } from '../../base/errors.ts'

/** Makes and checks stored passwords: argon2id with a salt of its own. Throws SERVICE_UNAVAILABLE when too many wait. */
export type Passwords = {
  hash(password: string): Promise<string>
  /** Takes as long for no stored password, which never matches, as for a real one. */
  matches(stored: string | undefined, password: string): Promise<boolean>
}

// RFC 9106 has room for less memory when a server answers many logins: 19 MiB, two passes.
const argon2Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

// Of 32 random bytes that nobody knows: what is compared when there is no account.
const strangerHash = '$argon2id$v=19$m=19456,t=2,p=1$+Io/SjbwmaqJ8ouIqtJjQw$97fNhjkQbqRYmado26nozEc72sYqNdnxStCozbK1tsc'

const busy = () =>
  new AppError('SERVICE_UNAVAILABLE', 'Too many people are signing in right now. Try again in a moment.', {
    retryAfter: 2,
  })

/** Runs at most `running` pieces of work at once; the next `waiting` queue, and the rest are refused. */
const createTurns = ({ running, waiting }: { running: number; waiting: number }) => {
  let active = 0
  const queue: (() => void)[] = []
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (active < running) active++
    else if (queue.length < waiting) await new Promise<void>((resolve) => queue.push(resolve))
    else throw busy()
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else active--
    }
  }
}

// A hash is 19 MiB and tens of milliseconds of a core: two at once leave room for everything else the server does.
export const createPasswords = (limits = { running: 2, waiting: 40 }): Passwords => {
  const inTurn = createTurns(limits)
  return {
    hash: (password) => inTurn(() => hashPassword(password)),
    matches: (stored, password) =>
      inTurn(async () => {
        const { verify } = await import('@node-rs/argon2')
        const isRight = await verify(stored ?? strangerHash, password)
        return isRight && stored !== undefined
      }),
  }
}

/** The stored form of a password, at once: for the server itself. What strangers can ask for goes through `Passwords`. */
export const hashPassword = async (password: string): Promise<string> => {
  const { hash } = await import('@node-rs/argon2')
  return hash(password, argon2Options)
}
