import { z } from 'zod'
import { type Letter, type Place, quoteName, sayTime } from '../letter.ts'

export const WebhookDisabled = z.object({
  webhook_id: z.string(),
  url: z.string(),
  reason: z.string(),
  disabled_at: z.string(),
})

const reasons: Record<string, string> = {
  endpoint_gone: 'its endpoint answered 410 Gone',
  endpoint_failing: 'it had nothing but failures for five days',
}

export const writeWebhookDisabled = (data: z.output<typeof WebhookDisabled>, { name, publicUrl }: Place): Letter => ({
  subject: `A webhook of ${quoteName(name)} was disabled`,
  parts: [
    `A webhook of the workspace ${quoteName(name)} was disabled, because ${reasons[data.reason] ?? data.reason}.`,
    {
      facts: [
        ['Address', data.url],
        ['Id', data.webhook_id],
        ['Disabled', sayTime(data.disabled_at)],
      ],
    },
    `It goes on collecting: once it is resumed, it gets what it missed for as long as events are kept. How: ${publicUrl}/docs/webhooks`,
  ],
})
