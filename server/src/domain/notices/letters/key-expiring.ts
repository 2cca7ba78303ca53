import { z } from 'zod'
import { type Letter, type Place, quoteName, sayTime } from '../letter.ts'

export const KeyExpiring = z.object({ id: z.string(), name: z.string(), expires_at: z.string(), days_left: z.number() })

export const writeKeyExpiring = (data: z.output<typeof KeyExpiring>, { name, publicUrl }: Place): Letter => ({
  subject: `API key ${quoteName(data.name)} of ${quoteName(name)} expires ${data.days_left === 1 ? 'within a day' : `in ${data.days_left} days`}`,
  parts: [
    `An API key of the workspace ${quoteName(name)} is about to expire. From then on requests with it are refused.`,
    {
      facts: [
        ['Key', data.name],
        ['Id', data.id],
        ['Expires', sayTime(data.expires_at)],
      ],
    },
    `Rotate it, or move its date: ${publicUrl}/docs/authentication`,
  ],
})
