const dayMs = 86_400_000

/** Days before its end that a key tells of it. */
const warningDays = [7, 1]

/** When a key is next to tell of its end; null when it never is: whoever sets so near an end knows of it. */
export const nextWarningAt = (expiresAt: Date | null, now: Date): Date | null => {
  if (!expiresAt) return null
  const moments = warningDays.map((days) => new Date(expiresAt.getTime() - days * dayMs))
  return moments.find((moment) => moment > now) ?? null
}

/** Whole days from one moment to a later one, rounded up. */
export const daysUntil = (end: Date, now: Date): number => Math.ceil((end.getTime() - now.getTime()) / dayMs)
