const dayMs = 86_400_000

/** The day of UTC that a moment falls into; `name` is how the database writes it. */
export const dayOf = (now: Date): { name: string; start: Date; end: Date } => {
  const start = new Date(Math.floor(now.getTime() / dayMs) * dayMs)
  return { name: start.toISOString().slice(0, 10), start, end: new Date(start.getTime() + dayMs) }
}
