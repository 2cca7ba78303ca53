import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { AppError } from '../../base/errors.ts'
import { originOf } from '../../base/networks.ts'
import type { Db } from '../../database/open.ts'
import { normalEmail } from './email.ts'

const windowMs = 15 * 60_000
const knownForMs = 30 * 86_400_000

// Nobody mistypes their own password more often.
const fromOnePlace = 10
// So many that it takes ten places to close an account to strangers, and too few to guess a password of ten characters.
const fromEverywhere = 100
const ofOneAddress = 50
// Whoever gets here has the password: only they can close this, and a code has a million values.
const codes = 10

/** One attempt to prove who one is, counted before it is judged, so that many at once cannot outrun the count. */
export type Attempt = {
  /** It was right: the failures of the account from this place are forgotten, and nothing is counted elsewhere. */
  succeed(): Promise<void>
  /** It was no guess: nothing is forgotten, and nothing counted. */
  giveBack(): Promise<void>
}

type Limit = { bucket: Buffer; ceiling: number }
type Counted = { attempts: number; since: Date }

const limitOf = (name: string, ceiling: number): Limit => ({
  bucket: createHash('sha256').update(name).digest(),
  ceiling,
})

const count = async (system: Db, { bucket }: Limit, now: Date): Promise<Counted> => {
  const begin = new Date(now.getTime() - windowMs)
  const { rows } = await sql<Counted>`
    insert into sign_in_attempts as a (bucket, attempts, since) values (${bucket}, 1, ${now})
    on conflict (bucket) do update set
      attempts = case when a.since <= ${begin} then 1 else least(a.attempts + 1, 10000) end,
      since = case when a.since <= ${begin} then excluded.since else a.since end
    returning attempts, since`.execute(system)
  return rows[0]!
}

// One by one: a statement that holds one bucket waits for nobody who holds another.
const uncount = async (system: Db, limits: Limit[]): Promise<void> => {
  for (const { bucket } of limits)
    await sql`update sign_in_attempts set attempts = greatest(attempts - 1, 0) where bucket = ${bucket}`.execute(system)
}

const forget = async (system: Db, { bucket }: Limit): Promise<void> => {
  await system.deleteFrom('sign_in_attempts').where('bucket', '=', bucket).execute()
}

const refuseBeyond = ({ ceiling }: Limit, { attempts, since }: Counted, now: Date): void => {
  if (attempts <= ceiling) return
  throw new AppError('RATE_LIMIT_EXCEEDED', 'Too many failed attempts to sign in. Wait, then try again.', {
    retryAfter: Math.max(1, Math.ceil((since.getTime() + windowMs - now.getTime()) / 1_000)),
  })
}

/** Whether the account was signed in to from there in the last thirty days. */
const isKnownPlace = async (system: Db, email: string, origin: string, now: Date): Promise<boolean> => {
  const rows = await system
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .select('s.address')
    .distinct()
    .where((eb) => eb(eb.fn<string>('lower', ['u.email']), '=', email))
    .where('s.created_at', '>', new Date(now.getTime() - knownForMs))
    .execute()
  return rows.some(({ address }) => address !== null && originOf(address) === origin)
}

type Claimed = { email: string; address: string | undefined; now: Date }

/**
 * Counts an attempt of an account from a place, whichever process it comes to, for fifteen minutes: ten failures of the
 * account from one place, fifty of a place, or a hundred of the account from everywhere, then RATE_LIMIT_EXCEEDED, also for
 * the right password. The last does not close the places that the account was signed in to from before: strangers cannot
 * lock somebody out. Takes the system database.
 */
// scope: whoever attempts this is not known yet.
export const takeAttempt = async (system: Db, { email, address, now }: Claimed): Promise<Attempt> => {
  const name = normalEmail(email)
  const origin = address === undefined ? 'nowhere' : originOf(address)
  const here = limitOf(`account ${name} from ${origin}`, fromOnePlace)
  const account = limitOf(`account ${name}`, fromEverywhere)
  const place = address === undefined ? [] : [limitOf(`address ${origin}`, ofOneAddress)]
  // One after the other: what a place is refused must not count towards closing an account to others, nor leave a row.
  for (const limit of [...place, here]) refuseBeyond(limit, await count(system, limit, now), now)
  const everywhere = await count(system, account, now)
  if (everywhere.attempts > account.ceiling && !(await isKnownPlace(system, name, origin, now)))
    refuseBeyond(account, everywhere, now)
  return {
    succeed: async () => {
      await forget(system, here)
      await uncount(system, [account, ...place])
    },
    giveBack: () => uncount(system, [here, account, ...place]),
  }
}

/** Counts a code of a second factor, shown with the right password: ten wrong ones in fifteen minutes, wherever from. */
// scope: whoever attempts this is not signed in yet.
export const takeCodeAttempt = async (system: Db, userId: string, now: Date): Promise<Attempt> => {
  const limit = limitOf(`code ${userId}`, codes)
  refuseBeyond(limit, await count(system, limit, now), now)
  return { succeed: () => forget(system, limit), giveBack: () => uncount(system, [limit]) }
}

/** Whether something happens for the first time in fifteen minutes, so that a flood of it is told of once. */
// scope: it is counted, and nothing is read.
export const isFirstInWindow = async (system: Db, name: string, now: Date): Promise<boolean> =>
  (await count(system, limitOf(`told ${name}`, 1), now)).attempts === 1

/** Forgets attempts that no longer count. */
// scope: the server's own housekeeping.
// no event: nobody was told of them.
export const purgeAttempts = async (system: Db, now: Date): Promise<void> => {
  await system
    .deleteFrom('sign_in_attempts')
    .where('since', '<=', new Date(now.getTime() - windowMs))
    .execute()
}
