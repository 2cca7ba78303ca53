import { z } from 'zod'
import { type Letter, type Place, quoteName, sayTime } from '../letter.ts'

export const WebhookFailing = z.object({
  webhook_id: z.string(),
  url: z.string(),
  first_failure_at: z.string(),
  failed_deliveries: z.number(),
  failing_for_hours: z.number(),
  disabled_from: z.string(),
})

export const writeWebhookFailing = (data: z.output<typeof WebhookFailing>, { name, publicUrl }: Place): Letter => ({
  subject: `A webhook of ${quoteName(name)} has been failing for ${data.failing_for_hours} hours`,
  parts: [
    `For ${data.failing_for_hours} hours, nothing has arrived at a webhook of the workspace ${quoteName(name)}.`,
    {
      facts: [
        ['Address', data.url],
        ['Id', data.webhook_id],
        ['Failing since', sayTime(data.first_failure_at)],
        ['Deliveries given up', String(data.failed_deliveries)],
        ['Disabled, unless one arrives, from', sayTime(data.disabled_from)],
      ],
    },
    `See what your endpoint answered, and try again: ${publicUrl}/docs/webhooks`,
  ],
})
