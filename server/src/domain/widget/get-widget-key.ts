import { type Ctx, requireScope } from '../context.ts'
import type { WidgetKeyRow } from './present.ts'
import { findWidgetKeyRow, type WidgetKeyPath } from './queries.ts'

export const getWidgetKey = async (ctx: Ctx, path: WidgetKeyPath): Promise<WidgetKeyRow> => {
  requireScope(ctx, 'agents:read')
  return findWidgetKeyRow(ctx, path)
}
