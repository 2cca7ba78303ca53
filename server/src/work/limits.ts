/** What a worker may have in hand. */
export type Limits = {
  /** How many lanes it holds at once, those that keep it waiting not counted. */
  lanes: number
  /** How many items it runs at once, over all these lanes. */
  running: number
  /** How many lanes may keep it waiting beside them, and with how many items: their endpoints answer late or never. */
  slow: number
  /** From how many milliseconds without an outcome a lane is one of those. */
  slowMs: number
  /** What one workspace may have of each while it is alone: the rest is for those that come meanwhile. */
  workspaceShare: number
  /** How long it holds a lane while it holds as many as it may, before others have their turn. */
  holdMs: number
  /** What catching up may take of a lane's window, and how many a second, where the lane says nothing else. */
  catchUpShare: number
  catchUpPerSecond: number
}

export const usualLimits: Limits = {
  lanes: 256,
  running: 512,
  slow: 1_024,
  slowMs: 1_000,
  workspaceShare: 0.75,
  holdMs: 1_000,
  catchUpShare: 0.3,
  catchUpPerSecond: 20,
}
