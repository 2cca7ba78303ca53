import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { AppError } from '../../base/errors.ts'
import type { Db } from '../../database/open.ts'
import { normalEmail } from './email.ts'

const windowMs = 15 * 60_000
const perAccount = 10
const perAddress = 50

/** One attempt to prove who one is, counted before it is judged, so that many at once cannot outrun the count. */
export type Attempt = {
  /** It was right: the account's failures are forgotten, and the address gets its attempt back. */
  succeed(): Promise<void>
  /** It was no guess: nothing is forgotten, and nothing counted. */
  giveBack(): Promise<void>
}

type Counted = { bucket: Buffer; attempts: number; since: Date }

const bucketOf = (kind: 'account' | 'address', name: string): Buffer =>
  createHash('sha256').update(`${kind} ${name}`).digest()

// Sorted, so that two attempts which share both buckets lock them in one order.
const count = async (system: Db, buckets: Buffer[], now: Date): Promise<Counted[]> => {
  const begin = new Date(now.getTime() - windowMs)
  const { rows } = await sql<Counted>`
    insert into sign_in_attempts as a (bucket, attempts, since)
    select bucket, 1, ${now} from unnest(${buckets.toSorted(Buffer.compare)}::bytea[]) as bucket
    on conflict (bucket) do update set
      attempts = case when a.since <= ${begin} then 1 else least(a.attempts + 1, 10000) end,
      since = case when a.since <= ${begin} then excluded.since else a.since end
    returning bucket, attempts, since`.execute(system)
  return rows
}

// One by one: a statement that holds one bucket waits for nobody who holds another.
const uncount = async (system: Db, buckets: Buffer[]): Promise<void> => {
  for (const bucket of buckets)
    await sql`update sign_in_attempts set attempts = greatest(attempts - 1, 0) where bucket = ${bucket}`.execute(system)
}

/**
 * Counts an attempt of an account and an address, whichever process they come to: ten failures of an account or fifty of
 * an address in fifteen minutes, then RATE_LIMIT_EXCEEDED, also for the right password. Takes the system database.
 */
// scope: whoever attempts this is not known yet.
export const takeAttempt = async (
  system: Db,
  { email, address, now }: { email: string; address: string | undefined; now: Date },
): Promise<Attempt> => {
  const account = bucketOf('account', normalEmail(email))
  const origin = address === undefined ? [] : [bucketOf('address', address)]
  const counted = await count(system, [account, ...origin], now)
  const over = counted.filter(({ bucket, attempts }) => attempts > (account.equals(bucket) ? perAccount : perAddress))
  if (over.length > 0) {
    const until = Math.max(...over.map(({ since }) => since.getTime() + windowMs))
    throw new AppError('RATE_LIMIT_EXCEEDED', 'Too many failed attempts to sign in. Wait, then try again.', {
      retryAfter: Math.max(1, Math.ceil((until - now.getTime()) / 1_000)),
    })
  }
  return {
    succeed: async () => {
      await system.deleteFrom('sign_in_attempts').where('bucket', '=', account).execute()
      await uncount(system, origin)
    },
    giveBack: () => uncount(system, [account, ...origin]),
  }
}

/** Forgets attempts that no longer count. */
// scope: the server's own housekeeping.
// no event: nobody was told of them.
export const purgeAttempts = async (system: Db, now: Date): Promise<void> => {
  await system
    .deleteFrom('sign_in_attempts')
    .where('since', '<=', new Date(now.getTime() - windowMs))
    .execute()
}
