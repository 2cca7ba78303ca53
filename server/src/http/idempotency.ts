import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { AppError } from '../base/errors.ts'
import type { SecretBox } from '../base/secret-box.ts'
import { savepoint, transaction } from '../database/transaction.ts'
import type { Ctx } from '../domain/context.ts'
import type { JsonReply, OnceOnly } from './endpoint.ts'
import { errorBody, statusOf } from './errors.ts'

const keptHours = 24
const maxKeyLength = 255
// A claim of a request that works outside the database is renewed while it does; a crash frees it after this long.
const claimSeconds = 15
const renewEveryMs = 5_000

/** How a kept body is written into its row: as it is, or sealed where it shows a secret. */
export type TextCodec = { write(text: string): string; read(kept: string): string }

export const plainText: TextCodec = { write: (text) => text, read: (kept) => kept }

export const sealedText = (box: SecretBox, owner: string): TextCodec => ({
  write: (text) => box.seal(text, owner).toString('base64'),
  read: (kept) => box.open(Buffer.from(kept, 'base64'), owner).toString(),
})

export type IdempotentRequest = { key: string; fingerprint: Buffer; codec: TextCodec }

/** A reply as it was stored, or as it was just made. `text` is the exact body. */
export type KeptReply = { status: number; text: string | null; replayed: boolean }

/** The Idempotency-Key of a request, quoted or bare; undefined without one. */
export const idempotencyKeyOf = (header: string | string[] | undefined): string | undefined => {
  if (header === undefined) return undefined
  const key = Array.isArray(header) ? '' : header.trim().replace(/^"(.*)"$/, '$1')
  if (key.length >= 1 && key.length <= maxKeyLength && /^[\x21-\x7e]+$/.test(key)) return key
  throw new AppError(
    'BAD_REQUEST',
    `Idempotency-Key must be one value of 1 to ${maxKeyLength} visible ASCII characters.`,
    { param: 'Idempotency-Key' },
  )
}

// A client that sends a form again draws a new boundary: the same form under another one is the same request.
const withoutBoundary = (contentType: string, body: Buffer): { contentType: string; body: Buffer } => {
  const boundary = /^multipart\/.*;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)
  const text = boundary?.[1] ?? boundary?.[2]
  if (text === undefined) return { contentType, body }
  const parts = body.toString('latin1').split(`--${text}`)
  return { contentType: contentType.replace(text, ''), body: Buffer.from(parts.join('--'), 'latin1') }
}

/** Tells one request from another under the same key: method, path with query, media type and the exact body. */
export const fingerprintOf = (
  method: string,
  url: string,
  contentType: string,
  body: Buffer | undefined,
  caller = '',
): Buffer => {
  const sent = withoutBoundary(contentType, body ?? Buffer.alloc(0))
  return createHash('sha256').update(`${caller}${method}\n${url}\n${sent.contentType}\n`).update(sent.body).digest()
}

const reused = () =>
  new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used for another request. Use a new key for each new request.',
    { param: 'Idempotency-Key' },
  )

const running = () =>
  new AppError(
    'IDEMPOTENCY_IN_PROGRESS',
    'A request with this Idempotency-Key is still running. Ask again in a moment.',
    { param: 'Idempotency-Key', retryAfter: 1 },
  )

type Stored = {
  fingerprint: Buffer
  status: number | null
  body: string | null
  locked_until: Date | null
  resource_id: string | null
}

const lockKey = async (tx: Ctx['db'], ctx: Ctx, key: string): Promise<void> => {
  const { rows } = await sql<{
    held: boolean
  }>`select pg_try_advisory_xact_lock(hashtextextended(${`${ctx.workspaceId} ${key}`}, 0)) as held`.execute(tx)
  if (!rows[0]?.held) throw running()
}

const findStored = async (
  tx: Ctx['db'],
  ctx: Ctx,
  { key, fingerprint }: IdempotentRequest,
): Promise<Stored | undefined> => {
  const row = await tx
    .selectFrom('idempotency_keys')
    .select(['fingerprint', 'status', 'body', 'locked_until', 'resource_id', 'expires_at'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('key', '=', key)
    .executeTakeFirst()
  if (!row || row.expires_at <= ctx.clock.now()) return undefined
  if (!Buffer.from(row.fingerprint).equals(fingerprint)) throw reused()
  return row
}

const store = async (
  tx: Ctx['db'],
  ctx: Ctx,
  { key, fingerprint, codec }: IdempotentRequest,
  kept: { status: number | null; text: string | null; lockedUntil: Date | null; resourceId: string | null },
) => {
  const now = ctx.clock.now()
  const row = {
    fingerprint,
    status: kept.status,
    body: kept.text === null ? null : codec.write(kept.text),
    locked_until: kept.lockedUntil,
    resource_id: kept.resourceId,
    created_at: now,
    expires_at: new Date(now.getTime() + keptHours * 3_600_000),
  }
  await tx
    .insertInto('idempotency_keys')
    .values({ workspace_id: ctx.workspaceId, key, ...row })
    .onConflict((conflict) => conflict.columns(['workspace_id', 'key']).doUpdateSet(row))
    .execute()
}

const replay = (stored: Stored, { codec }: IdempotentRequest): KeptReply => {
  // A claim whose request is being worked on elsewhere has no reply yet.
  if (stored.status === null) throw running()
  return { status: stored.status, text: stored.body === null ? null : codec.read(stored.body), replayed: true }
}

const textOf = (body: unknown): string | null => (body === undefined ? null : JSON.stringify(body))

// These tell of the workspace's state, so the same request must hear them again; the rest may succeed when repeated.
const keptErrors = new Set(['NOT_FOUND', 'CONFLICT', 'UNPROCESSABLE'])

/**
 * Runs the handler in one transaction with the row of its key: a crash anywhere leaves both or neither, and the lock dies
 * with the transaction. A repeated request gets the stored reply.
 */
export const runInTransaction = async (
  ctx: Ctx,
  request: IdempotentRequest,
  publicUrl: string,
  run: (ctx: Ctx) => Promise<JsonReply>,
): Promise<KeptReply> =>
  transaction(ctx.db, async (tx) => {
    await lockKey(tx, ctx, request.key)
    const stored = await findStored(tx, ctx, request)
    if (stored) return replay(stored, request)
    const effect = await savepoint(tx, 'effect')
    const reply = await run({ ...ctx, db: tx }).catch(async (error: unknown): Promise<JsonReply> => {
      if (!(error instanceof AppError) || !keptErrors.has(error.code)) throw error
      await effect.rollback()
      return { status: statusOf(error), body: errorBody(error, ctx.requestId, publicUrl) }
    })
    const text = textOf(reply.body)
    await store(tx, ctx, request, { status: reply.status, text, lockedUntil: null, resourceId: null })
    return { status: reply.status, text, replayed: false }
  })

/**
 * For a handler that works outside the database: claims the key first. The handler notes what it made and stores its reply
 * through `once`, inside its own transactions; both throw IDEMPOTENCY_IN_PROGRESS when the claim was lost to a later try,
 * which undoes the transaction. `release` frees the claim when there was no reply; what was noted stays, so
 * that the next try goes on with it instead of making it again.
 */
export const claimKey = async (
  ctx: Ctx,
  request: IdempotentRequest,
): Promise<{ kept: KeptReply } | { once: OnceOnly; release: () => Promise<void> }> => {
  const nextLock = () => new Date(ctx.clock.now().getTime() + claimSeconds * 1_000)
  const lockedUntil = nextLock()
  const found = await transaction(ctx.db, async (tx) => {
    await lockKey(tx, ctx, request.key)
    const row = await findStored(tx, ctx, request)
    if (row && row.status !== null) return row
    if (row?.locked_until && row.locked_until > ctx.clock.now()) throw running()
    await store(tx, ctx, request, { status: null, text: null, lockedUntil, resourceId: row?.resource_id ?? null })
    return row
  })
  if (found && found.status !== null) return { kept: replay(found, request) }
  // Whoever was slower than its claim must not touch the claim of the one that took over. While a claim is being renewed, the
  // row may hold any of its times.
  let ours = [lockedUntil]
  const change = async (
    db: Ctx['db'],
    row: { resource_id: string } | { locked_until: Date | null; status?: number; body?: string | null },
  ): Promise<boolean> => {
    const { numUpdatedRows } = await db
      .updateTable('idempotency_keys')
      .set(row)
      .where('workspace_id', '=', ctx.workspaceId)
      .where('key', '=', request.key)
      .where('status', 'is', null)
      .where('locked_until', 'in', ours)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }
  const renew = async () => {
    const next = nextLock()
    ours = [...ours, next]
    // One that fails is made up for by the next, or by whoever waits for the claim to end.
    await change(ctx.db, { locked_until: next }).catch(() => undefined)
  }
  const renewal = setInterval(renew, renewEveryMs)
  return {
    once: {
      resourceId: found?.resource_id ?? null,
      note: async (db, resourceId) => {
        if (!(await change(db, { resource_id: resourceId }))) throw running()
      },
      remember: async (db, reply) => {
        const text = textOf(reply.body)
        const body = text === null ? null : request.codec.write(text)
        if (!(await change(db, { locked_until: null, status: reply.status, body }))) throw running()
      },
    },
    release: async () => {
      clearInterval(renewal)
      await change(ctx.db, { locked_until: null })
    },
  }
}

/** Forgets keys past their day, a thousand at a time. */
export const purgeIdempotencyKeys = async (system: Ctx['db'], now: Date): Promise<void> => {
  for (let purged = 1_000; purged === 1_000; ) {
    const { rows } = await sql`delete from idempotency_keys k
      using (select workspace_id, key from idempotency_keys where expires_at <= ${now} limit 1000) expired
      where k.workspace_id = expired.workspace_id and k.key = expired.key returning 1`.execute(system)
    purged = rows.length
  }
}
