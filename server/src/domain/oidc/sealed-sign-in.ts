import { z } from 'zod'
import type { SecretBox } from '../../base/secret-box.ts'

const Secrets = z.object({ nonce: z.string(), verifier: z.string(), issuer: z.string() })

/** What the provider's answer is held against: whoever reads the database must not be able to answer in its place. */
export type SignInSecrets = z.infer<typeof Secrets>

const owner = (state: string): string => `oidc-sign-in:${state}`

export const sealSignIn = (box: SecretBox, state: string, secrets: SignInSecrets): Buffer =>
  box.seal(JSON.stringify(secrets), owner(state))

/** Throws SecretBoxError. */
export const openSignIn = (box: SecretBox, state: string, sealed: Uint8Array): SignInSecrets =>
  Secrets.parse(JSON.parse(box.open(sealed, owner(state)).toString()))
