import { z } from 'zod'
import { emailInput, passwordInput, totpInput } from '../users/index.ts'
import { idInput, idOutput, timeOutput } from '../wire.ts'

export const Login = z.strictObject({
  email: emailInput,
  password: passwordInput,
  totp: totpInput.optional(),
  workspace_id: idInput('workspace')
    .optional()
    .meta({
      description:
        'A workspace that you are a member of, or its sandbox. Default: the one you have been a member of longest.',
      examples: ['ws_01h455vb4pex5vsknk084sn02q'],
    }),
})

export const Refresh = z.strictObject({
  refresh_token: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Works once. Not needed beside a token that is still valid.' }),
})

export const SignedIn = z
  .object({
    token: z.string().meta({
      description: 'For `Authorization: Bearer`, for 24 hours.',
      examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...'],
    }),
    expires_at: timeOutput,
    refresh_token: z.string().meta({ description: 'Buys the next token, once, within 30 days.' }),
    user: z.object({
      id: idOutput('user'),
      email: z.string(),
      name: z.string(),
      plan: z.string().meta({ examples: ['growth'] }),
    }),
  })
  .meta({ id: 'SignedIn' })

export const Session = z
  .object({
    id: idOutput('session'),
    current: z.boolean().meta({ description: 'Whether this very request belongs to it.' }),
    workspace_id: idOutput('workspace'),
    address: z.string().nullable().meta({ description: 'Where the login came from.' }),
    user_agent: z.string().nullable(),
    created_at: timeOutput,
    last_seen_at: timeOutput.meta({ description: 'To the minute.' }),
    expires_at: timeOutput,
  })
  .meta({ id: 'Session' })
