import { newId } from '../../base/ids.ts'
import type { Db } from '../../database/open.ts'
import { normalEmail } from './email.ts'
import { hashPassword } from './passwords.ts'

type NewUser = { email: string; name: string; now: Date }

/**
 * Makes a user whose password is hashed already and returns their id. `emailVerified` says whether somebody other than
 * themselves has vouched for the address: the operator, or a provider. Throws on an e-mail address that is taken.
 */
export const insertUser = async (
  tx: Db,
  {
    email,
    name,
    now,
    passwordHash,
    emailVerified = false,
  }: NewUser & { passwordHash: string; emailVerified?: boolean },
): Promise<string> => {
  const id = newId()
  await tx
    .insertInto('users')
    .values({
      id,
      email: normalEmail(email),
      email_verified: emailVerified,
      name,
      password_hash: passwordHash,
      created_at: now,
      updated_at: now,
    })
    .execute()
  return id
}

/** Makes a user and returns their id. Takes the system database: users stand outside workspaces. */
// no event: a user belongs to no workspace until they are a member of one.
// scope: only the server itself makes users.
export const createUser = async (tx: Db, { password, ...user }: NewUser & { password: string }): Promise<string> =>
  insertUser(tx, { ...user, emailVerified: true, passwordHash: await hashPassword(password) })
