/** Places that workspaces share, and who has them. `ratio`: how many times what is free a workspace may have. */
export type Places = { size: number; ratio: number; taken: number; takenBy: Map<string, number> }

/** `share` is what one workspace may have of them while nobody else wants any. */
export const createPlaces = (size: number, share: number): Places => ({
  size,
  ratio: share / (1 - share),
  taken: 0,
  takenBy: new Map(),
})

export const freeOf = ({ size, taken }: Places): number => size - taken

/**
 * Whether a workspace may have so many more. What it may have follows from what is free: however much some want, they come to
 * rest before the last place, and whoever comes next finds one without waiting.
 */
export const mayTake = (places: Places, workspaceId: string, count = 1): boolean =>
  (places.takenBy.get(workspaceId) ?? 0) + count - 1 < places.ratio * (freeOf(places) - count + 1)

const change = (places: Places, workspaceId: string, by: number): void => {
  const has = (places.takenBy.get(workspaceId) ?? 0) + by
  places.taken += by
  if (has > 0) places.takenBy.set(workspaceId, has)
  else places.takenBy.delete(workspaceId)
}

export const take = (places: Places, workspaceId: string, count = 1): void => change(places, workspaceId, count)
export const giveBack = (places: Places, workspaceId: string, count = 1): void => change(places, workspaceId, -count)

/** Whether somebody has as many as it may: a place that becomes free is perhaps waited for. */
export const isCrowded = (places: Places): boolean => {
  for (const workspaceId of places.takenBy.keys()) if (!mayTake(places, workspaceId)) return true
  return false
}
