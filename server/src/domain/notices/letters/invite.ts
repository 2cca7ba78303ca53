import { type Letter, type Place, quoteName, sayTime } from '../letter.ts'

type Invite = { token: string; role: string; expiresAt: Date }

export const writeInvite = ({ token, role, expiresAt }: Invite, { name, publicUrl }: Place): Letter => ({
  subject: `Invitation to ${quoteName(name)} on Parley`,
  parts: [
    `You are invited to the workspace ${quoteName(name)} on Parley, at ${publicUrl}.`,
    {
      facts: [
        ['Role', role],
        ['Works until', sayTime(expiresAt.toISOString())],
        ['Token', token],
      ],
    },
    'The token works once. Accept with your name and a new password of at least 10 characters; if your e-mail address has an account there already, with the password of that account:',
    {
      code: `curl -s ${publicUrl}/v1/invites/accept -H 'Content-Type: application/json' \\\n  -d '{"token": "${token}", "name": "…", "password": "…"}'`,
    },
    `What comes next: ${publicUrl}/docs/users`,
    'If you do not know who invites you, leave this mail alone: nothing happens without you.',
  ],
})
