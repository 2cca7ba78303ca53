/** Lets `perSecond` pass in a second, one at a time: what was not used does not pile up. */
export type TokenBucket = { perSecond: number; freeAt: number }

export const createTokenBucket = (perSecond: number): TokenBucket => ({ perSecond, freeAt: 0 })

/** Milliseconds until the next may pass; 0 when it may pass now. */
export const waitOf = (bucket: TokenBucket | null, now: number): number =>
  bucket ? Math.max(0, bucket.freeAt - now) : 0

export const takeToken = (bucket: TokenBucket | null, now: number): void => {
  if (bucket) bucket.freeAt = Math.max(bucket.freeAt, now) + 1_000 / bucket.perSecond
}
