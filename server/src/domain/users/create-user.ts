import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'

type NewUser = { email: string; name: string; password: string; now: Date }

// RFC 9106 has room for less memory when a server answers many logins: 19 MiB, two passes.
const argon2Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The stored form of a password: argon2id with a salt of its own. */
export const hashPassword = async (password: string): Promise<string> => {
  const { hash } = await import('@node-rs/argon2')
  return hash(password, argon2Options)
}

/** Makes a user and returns their id. Takes the system database: users stand outside workspaces. */
// no event: a user belongs to no workspace until they are a member of one.
// scope: only the server itself makes users.
export const createUser = async (tx: Db, { email, name, password, now }: NewUser): Promise<string> => {
  const id = newId()
  await tx
    .insertInto('users')
    .values({ id, email, name, password_hash: await hashPassword(password), created_at: now, updated_at: now })
    .execute()
  return id
}
