import { z } from 'zod'
import { passwordInput } from '../users/index.ts'
import { idInput, timeOutput } from '../wire.ts'

/** Roles that a provider's word can give: owners are made by owners. */
export const grantedRoles = ['admin', 'developer', 'agent', 'viewer'] as const

const onThisMachine = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

const isReturnUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && onThisMachine(url))
  return secure && url.username === '' && url.password === '' && !text.includes('#')
}

const returnUrl = z
  .string()
  .max(2_048)
  .refine(isReturnUrl, 'must be an https URL without a fragment, or one of http on localhost')

const emailDomain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, 'must be a domain such as acme.com')

const issuer = z.string().trim().min(1).max(2_048)

export const UpdateOidcConnection = z
  .strictObject({
    issuer: issuer.meta({
      description: 'The issuer as the provider writes it, to the letter; its discovery document lies below it.',
      examples: ['https://login.acme.com'],
    }),
    client_id: z
      .string()
      .min(1)
      .max(512)
      .meta({ examples: ['parley'] }),
    client_secret: z
      .string()
      .min(1)
      .max(1_024)
      .meta({ description: 'Kept encrypted and never shown again.', examples: ['supersecret123'] }),
    allowed_email_domains: z
      .array(emailDomain)
      .max(50)
      .default([])
      .meta({
        description:
          'Only verified e-mail addresses of these domains sign in; a domain below one of them has to be named too. Empty: any.',
        examples: [['acme.com']],
      }),
    allowed_return_urls: z
      .array(returnUrl)
      .max(20)
      .default([])
      .meta({
        description:
          'Where a sign-in may lead beside this server itself; `return_to` must be one of them to the letter.',
        examples: [['https://desk.acme.com/signed-in']],
      }),
    create_members: z
      .boolean()
      .default(false)
      .meta({ description: 'Whoever the provider knows becomes a member. Needs `allowed_email_domains`.' }),
    default_role: z.enum(grantedRoles).default('viewer').meta({ description: 'Of members that a sign-in makes.' }),
  })
  .refine((input) => !input.create_members || input.allowed_email_domains.length > 0, {
    path: ['allowed_email_domains'],
    error: 'must name a domain where create_members is true, or everybody with an account there becomes a member',
  })

export const OidcConnection = z
  .object({
    issuer: z.string(),
    client_id: z.string(),
    allowed_email_domains: z.array(z.string()),
    allowed_return_urls: z.array(z.string()),
    create_members: z.boolean(),
    default_role: z.enum(grantedRoles),
    signs_in_owners: z
      .boolean()
      .meta({ description: 'Whether owners can sign in with it: only where an owner was the last to set it up.' }),
    redirect_uri: z.string().meta({
      description: 'To be registered at the provider.',
      examples: ['https://parley.acme.com/v1/auth/oidc/callback/ws_01h455vb4pex5vsknk084sn02q'],
    }),
    sign_in_url: z.string().meta({
      description: 'Where a browser begins.',
      examples: ['https://parley.acme.com/v1/auth/oidc/start?workspace=ws_01h455vb4pex5vsknk084sn02q'],
    }),
    created_at: timeOutput,
    updated_at: timeOutput,
  })
  .meta({ id: 'OidcConnection' })

export const OidcConnectionDeletedData = z.object({ issuer: z.string(), deleted_at: timeOutput })

// The base64url of 32 bytes, as RFC 7636 makes it of a verifier.
const codeChallenge = z.string().regex(/^[\w-]{43}$/, 'must be the base64url of a SHA-256 hash')

export const StartSignIn = z.strictObject({
  workspace: idInput('workspace'),
  return_to: z.string().min(1).max(2_048).optional().meta({
    description:
      'Where the browser goes in the end, with `code` in the query: a URL or path of this server, or one of `allowed_return_urls`. Without it the callback answers with the tokens.',
  }),
  code_challenge: codeChallenge.optional().meta({
    description:
      'The base64url of the SHA-256 hash of a random text: only whoever sends that text as `code_verifier` can swap the code. Needed where `return_to` is not of this server, and only for one of `allowed_return_urls`.',
    examples: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
  }),
  code_challenge_method: z.literal('S256').optional(),
})

// Providers add parameters of their own; what is not named here is not read.
export const SignInAnswer = z.object({
  state: z.string().min(1).max(512),
  code: z.string().max(8_192).optional(),
  iss: z.string().max(2_048).optional(),
  error: z.string().max(512).optional(),
})

export const ExchangeCode = z.strictObject({
  code: z.string().min(1).max(200),
  code_verifier: z
    .string()
    .regex(/^[\w.~-]{43,128}$/, 'must be 43 to 128 letters, digits, -, ., _ or ~')
    .optional()
    .meta({
      description:
        'The text whose hash the sign-in was begun with. A sign-in that was begun without one needs the cookie of its browser instead.',
      examples: ['dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
    }),
  password: passwordInput.optional().meta({
    description:
      'Of the account that has your e-mail address, once, where the answer without it was 401 with `details.password_required`.',
  }),
})
