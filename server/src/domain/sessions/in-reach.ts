import { sql } from 'kysely'
import type { Ctx } from '../context.ts'
import { requireUser } from '../context.ts'

/**
 * Which sessions of their own a caller may see and end: all, or, where a provider vouched for them, those of the workspace
 * that trusts it. Whoever may name the provider of one workspace could else act for its members in every other.
 */
export const inReach = (ctx: Ctx) => {
  const { id: userId, sessionId } = requireUser(ctx)
  return sql<boolean>`sessions.user_id = ${userId} and (
    sessions.workspace_id = ${ctx.workspaceId}
    or exists (select from sessions own where own.id = ${sessionId} and own.opened_by = 'password'))`
}
