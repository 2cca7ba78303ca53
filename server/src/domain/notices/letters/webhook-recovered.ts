import { z } from 'zod'
import { type Letter, type Place, quoteName, sayTime } from '../letter.ts'

export const WebhookRecovered = z.object({
  webhook_id: z.string(),
  url: z.string(),
  failed_deliveries: z.number(),
  missed_from: z.string(),
  last_failure_at: z.string(),
})

export const writeWebhookRecovered = (data: z.output<typeof WebhookRecovered>, { name, publicUrl }: Place): Letter => ({
  subject: `A webhook of ${quoteName(name)} works again, and has missed events`,
  parts: [
    `A webhook of the workspace ${quoteName(name)} takes deliveries again. Those that were given up before are missing there.`,
    {
      facts: [
        ['Address', data.url],
        ['Id', data.webhook_id],
        ['Deliveries given up', String(data.failed_deliveries)],
        ['Missed from', sayTime(data.missed_from)],
        ['Missed until', sayTime(data.last_failure_at)],
      ],
    },
    `Have them sent again with a backfill: ${publicUrl}/docs/webhooks`,
  ],
})
