import type { z } from 'zod'
import { toWireId } from '../../base/ids.ts'
import { getAgentOrDefault } from '../agents/index.ts'
import type { Ctx } from '../context.ts'
import type { WidgetConfig } from './contract.ts'
import { requireWidgetKey } from './require-widget-key.ts'

/** How to show the agent of the widget key. */
export const getWidgetConfig = async (ctx: Ctx): Promise<z.infer<typeof WidgetConfig>> => {
  const { id, status, configuration } = await getAgentOrDefault(ctx, requireWidgetKey(ctx).agentId)
  return { agent_id: toWireId('agent', id), name: configuration.name, status, appearance: configuration.appearance }
}
