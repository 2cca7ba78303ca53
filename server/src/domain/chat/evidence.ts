/** A passage as the agent may quote it: `start` is where its text begins in the stored document. */
export type Evidence = { text: string; start: number }

/** A stretch of an answer with the spans that support it, offsets within the passage, and how well they do: 0 to 1. */
export type GroundedText = { text: string; spans: { passage: number; start: number; end: number }[]; support: number }
