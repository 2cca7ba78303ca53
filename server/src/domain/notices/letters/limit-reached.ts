import { z } from 'zod'
import { type Letter, type Place, quoteName, sayTime } from '../letter.ts'

export const LimitReached = z.object({
  limit: z.string(),
  limit_value: z.number(),
  period_start: z.string(),
  resets_at: z.string(),
})

const limits: Record<string, string> = {
  chat_messages_per_day: 'chat messages a day',
  key_calls_per_month: 'calls of a key a month',
}

export const writeLimitReached = (data: z.output<typeof LimitReached>, { name, publicUrl }: Place): Letter => ({
  subject: `${quoteName(name)} has reached a limit of its plan`,
  parts: [
    `The workspace ${quoteName(name)} has reached a limit of its plan. What goes beyond it is refused until the count begins again.`,
    {
      facts: [
        ['Limit', `${data.limit_value} ${limits[data.limit] ?? data.limit}`],
        ['Counted since', sayTime(data.period_start)],
        ['Begins again', sayTime(data.resets_at)],
      ],
    },
    `What plans allow: ${publicUrl}/docs/errors-and-limits`,
  ],
})
