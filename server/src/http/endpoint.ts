import type { z } from 'zod'
import type { Ctx } from '../domain/context.ts'
import type { Scope } from '../domain/scopes.ts'
import type { Deps } from './deps.ts'
import type { UploadedFile } from './multipart.ts'
import type { Allowance } from './rate-limit.ts'
import type { SseFrame } from './sse.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type JsonReply = { status: number; body: unknown; headers?: Record<string, string | string[]> }
export type StreamReply = {
  status: number
  frames: AsyncIterable<SseFrame>
  headers?: Record<string, string>
  /** How long a reader may take nothing before it is hung up on. */
  stalledMs?: number
}
export type Reply = JsonReply | StreamReply

export const isStream = (reply: Reply): reply is StreamReply => 'frames' in reply

export const ok = (body: unknown): JsonReply => ({ status: 200, body })
export const created = (body: unknown): JsonReply => ({ status: 201, body })
export const accepted = (body: unknown): JsonReply => ({ status: 202, body })
export const noContent = (): JsonReply => ({ status: 204, body: undefined })

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/**
 * For an endpoint that works outside the database, while it holds its caller's idempotency key: `resourceId` is what an
 * earlier try of the same request noted, `note` notes it, `remember` stores the answer; both in the handler's transactions.
 */
export type OnceOnly = {
  resourceId: string | null
  note(db: Ctx['db'], resourceId: string): Promise<void>
  remember(db: Ctx['db'], reply: { status: number; body: unknown }): Promise<void>
}

export type Call<Params, Query, Body> = {
  ctx: Ctx
  params: Output<Params>
  query: Output<Query>
  body: Output<Body>
  file: UploadedFile | undefined
  headers: Record<string, string | string[] | undefined>
  /** Where the request comes from, as far as trusted proxies say. */
  address: string | undefined
  requestId: string
  deps: Deps
  /** What is left of the minute of the caller's workspace, as far as this process knows; undefined where nobody counts it. */
  workspaceMinute(): Allowance | undefined
  /** Whether the caller would be admitted again: what it was admitted with may be revoked while it is answered. */
  stillAllowed(): Promise<boolean>
  /** Aborts when the caller goes away. */
  signal: AbortSignal
  once: OnceOnly
  /** Runs the action once the handler's changes are committed, whoever opened the transaction. */
  afterCommit(action: () => void): void
}

/**
 * Who may call: whoever holds a scope, any living key or session, a signed-in user alone, or everybody; under `/widget/v1`
 * a page by its agent's public key, or a visitor by the secret of their conversation.
 */
export type Access = Scope | 'any_key' | 'session' | 'public' | 'widget_key' | 'conversation_secret'

/**
 * How a repeated Idempotency-Key is kept from acting twice. `transaction`: the handler runs inside one transaction with
 * the key's row. `outside`: the handler works outside the database and calls `once.remember` in its last transaction.
 * `none`: reads, and writes that are the same when repeated.
 */
export type Idempotency = 'transaction' | 'outside' | 'none'

type Declaration<Params, Query, Body> = {
  /** Operation id, `<resource>_<verb>`; names the SDK method. */
  id: string
  /** The id of the canonical endpoint, where this is another path to it. */
  sameAs?: string
  method: Method
  /** With parameters in braces: `/v1/contacts/{id}`. */
  path: string
  access: Access
  summary: string
  description?: string
  tag: string
  params?: Params
  query?: Query
  body?: Body
  /** The body may also come as multipart/form-data with one file. */
  acceptsFile?: boolean
  /** Schema of each success status; null where there is no body. */
  responses: Record<number, z.ZodType | null>
  /** What the answer is where it is not JSON, for example `text/html`. */
  mediaType?: string
  /** The schema of one frame's data, where the answer can be a stream. */
  streams?: z.ZodType
  /** Codes beyond those every endpoint can answer with. */
  errors?: readonly number[]
  idempotency?: Idempotency
  /** The answer shows a secret: where it must be kept for a repeated request, it is sealed. */
  answersSecret?: boolean
}

type Typed<Params, Query, Body> = Declaration<Params, Query, Body> & {
  handler(call: Call<Params, Query, Body>): Promise<Reply>
}

export type Endpoint = Declaration<z.ZodType | undefined, z.ZodType | undefined, z.ZodType | undefined> & {
  idempotency: Idempotency
  handler(call: Call<z.ZodType, z.ZodType, z.ZodType>): Promise<Reply>
}

/** One endpoint as one declaration: routing, access, validation, idempotency, documentation and its security tests follow from it. */
export const defineEndpoint = <
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  declaration: Typed<Params, Query, Body>,
): Endpoint => {
  const writes = declaration.method === 'POST' || declaration.method === 'PATCH' || declaration.method === 'PUT'
  const idempotency = declaration.idempotency ?? (writes ? 'transaction' : 'none')
  // The kernel hands the handler what these very schemas parsed, so the narrower type is the true one.
  return { ...declaration, idempotency } as unknown as Endpoint
}
