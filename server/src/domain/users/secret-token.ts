import { createHash, randomBytes } from 'node:crypto'

/** A secret that is shown once: its name, then 256 random bits. `invite_…`, `refresh_…` */
export const newSecretToken = (name: string): string => `${name}_${randomBytes(32).toString('base64url')}`

/** What is stored of one. There is too much chance in it to guess, so it needs neither salt nor a slow hash. */
export const hashSecretToken = (token: string): Buffer => createHash('sha256').update(token).digest()
