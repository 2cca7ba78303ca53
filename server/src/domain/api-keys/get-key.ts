import { type Ctx, requireScope } from '../context.ts'
import type { ApiKeyRow } from './present.ts'
import { findKeyRow } from './queries.ts'

export const getKey = async (ctx: Ctx, id: string): Promise<ApiKeyRow> => {
  requireScope(ctx, 'api_keys:manage')
  return findKeyRow(ctx, id)
}
