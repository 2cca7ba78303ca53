import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { WidgetKeyEventData } from './contract.ts'

const widgetKey: z.input<typeof WidgetKeyEventData> = {
  id: 'wk_01kah3r4zse0ztb0g2k2v2r4q1',
  agent_id: 'agt_01kah3r4zse0ztb0g2k2v2r4q1',
  name: 'Shop',
  actor: 'user:usr_01kah3r4zse0ztb0g2k2v2r4q1',
}

export const widgetKeyCreated = defineEvent({
  type: 'widget_key.created',
  description: 'A widget key was made for an agent.',
  data: WidgetKeyEventData,
  example: widgetKey,
})
export const widgetKeyRevoked = defineEvent({
  type: 'widget_key.revoked',
  description: 'A widget key was revoked: no page opens a conversation by it any more.',
  data: WidgetKeyEventData,
  example: widgetKey,
})

export const widgetEvents = [widgetKeyCreated, widgetKeyRevoked]
