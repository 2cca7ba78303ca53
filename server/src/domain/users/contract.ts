import { z } from 'zod'
import { idOutput, timeOutput } from '../wire.ts'
import { roles } from './roles.ts'

// Not stricter: `admin@localhost` signs in on every new installation.
export const emailInput = z
  .string()
  .trim()
  .max(320)
  .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
  .meta({ examples: ['you@company.com'] })

/** A password someone claims to have; any length that one may ever have had. */
export const passwordInput = z
  .string()
  .min(1)
  .max(1_000)
  .meta({ examples: ['supersecret123'] })

const newPasswordInput = z
  .string()
  .min(10)
  .max(256)
  .meta({ description: 'At least 10 characters.', examples: ['correct horse battery'] })

/** A code of an authenticator app, or a recovery code. */
export const totpInput = z
  .string()
  .trim()
  .min(6)
  .max(32)
  .meta({ description: 'Six digits of the authenticator app, or a recovery code.', examples: ['287082'] })

const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['Daniel Kmit'] })

const roleField = z.enum(roles).meta({ examples: ['developer'] })

const limit = (description: string) =>
  z
    .number()
    .int()
    .nullable()
    .meta({ description: `${description}; null means no limit.` })

export const Me = z
  .object({
    id: idOutput('user'),
    name: z.string(),
    email: z.string(),
    avatar_url: z.string().nullable(),
    plan: z.object({
      id: z.string().meta({ examples: ['growth'] }),
      label: z.string().meta({ examples: ['Growth'] }),
      status: z.string().meta({ description: 'Of the workspace: `active` or `suspended`.', examples: ['active'] }),
      renews_at: timeOutput.nullable().meta({ description: 'Null where nothing is to be renewed.' }),
    }),
    quota: z.object({
      chat_limit_daily: limit('Chat messages a day'),
      api_limit_per_minute: limit('Requests a minute'),
      automations_max: limit('Automations'),
    }),
    created_at: timeOutput,
    last_seen_at: timeOutput.nullable(),
  })
  .meta({ id: 'Me' })

export const UpdateMe = z
  .strictObject({
    name: name.optional(),
    avatar_url: z
      .url({ protocol: /^https$/, error: 'must be an https URL' })
      .max(2_048)
      .nullish(),
    current_password: passwordInput.optional().meta({ description: 'Needed to set `new_password`.' }),
    new_password: newPasswordInput.optional(),
  })
  .refine((input) => (input.new_password === undefined) === (input.current_password === undefined), {
    path: ['current_password'],
    error: 'and new_password go together',
  })

export const Member = z
  .object({
    user_id: idOutput('user'),
    name: z.string(),
    email: z.string(),
    avatar_url: z.string().nullable(),
    role: roleField,
    last_seen_at: timeOutput.nullable(),
    created_at: timeOutput.meta({ description: 'Since when they are a member.' }),
  })
  .meta({ id: 'Member' })

export const UpdateMember = z.strictObject({ role: roleField })

export const MemberRemovedData = z.object({ user_id: idOutput('user'), email: z.string(), removed_at: timeOutput })

export const CreateInvite = z.strictObject({ email: emailInput, role: roleField })

export const Invite = z
  .object({
    id: idOutput('invite'),
    email: z.string(),
    role: roleField,
    status: z.enum(['pending', 'accepted', 'revoked', 'expired']),
    invited_by: z.string().meta({ examples: ['user:usr_01h455vb4pex5vsknk084sn02q'] }),
    created_at: timeOutput,
    expires_at: timeOutput,
    accepted_at: timeOutput.nullable(),
  })
  .meta({ id: 'Invite' })

export const NewInvite = Invite.extend({
  token: z.string().meta({ description: 'What the invited person accepts with. Shown this once, never again.' }),
}).meta({ id: 'NewInvite' })

export const AcceptInvite = z.strictObject({
  token: z.string().min(1).max(200),
  name,
  password: newPasswordInput.meta({
    description:
      'The password of the new account; for an e-mail address that has an account, the password of that one.',
  }),
})

export const EnrolTotp = z.strictObject({ password: passwordInput })

export const TotpEnrolment = z
  .object({
    secret: z.string().meta({ description: 'For the authenticator app, in base32. Shown this once.' }),
    otpauth_url: z.string().meta({ description: 'The same as the text of a QR code.' }),
  })
  .meta({ id: 'TotpEnrolment' })

export const ConfirmTotp = z.strictObject({ code: totpInput })

export const RecoveryCodes = z
  .object({
    recovery_codes: z
      .array(z.string())
      .meta({ description: 'Each stands for one code of the app, once. Shown this once.' }),
  })
  .meta({ id: 'RecoveryCodes' })

export const DisableTotp = z.strictObject({ password: passwordInput, code: totpInput })
