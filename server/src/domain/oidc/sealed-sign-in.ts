import { z } from 'zod'
import { type SecretBox, SecretBoxError } from '../../base/secret-box.ts'

const BegunSignIn = z.object({
  workspaceId: z.string(),
  issuer: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string().nullable(),
  challenge: z.string().nullable(),
  expiresAt: z.number(),
})

/**
 * What the provider's answer is held against, and the code of the client after it (`challenge`). `expiresAt` is in
 * milliseconds.
 */
export type BegunSignIn = z.infer<typeof BegunSignIn>

const owner = (state: string): string => `oidc-sign-in:${state}`

/** Sealed for the browser to keep: it can neither read nor change it, and it opens with this state alone. */
export const sealSignIn = (box: SecretBox, state: string, begun: BegunSignIn): string =>
  box.seal(JSON.stringify(begun), owner(state)).toString('base64url')

/** Undefined for what this server did not seal, or sealed for another state. */
export const openSignIn = (box: SecretBox, state: string, sealed: string): BegunSignIn | undefined => {
  try {
    return BegunSignIn.parse(JSON.parse(box.open(Buffer.from(sealed, 'base64url'), owner(state)).toString()))
  } catch (error) {
    if (error instanceof SecretBoxError) return undefined
    throw error
  }
}
