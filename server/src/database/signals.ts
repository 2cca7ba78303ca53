/**
 * What processes on one database tell each other. `committed`: there may be new events or work. `sequenced`: the log has
 * grown, and lanes may have work. `forget`: a credential has changed, named by its detail.
 */
export type Word = 'committed' | 'sequenced' | 'forget'

/** Hints between processes, at most once and sometimes never: what depends on one must also look by itself. */
export type Signals = {
  /** Tells every other process, after the commit it speaks of: many at a time become one. Never waits, never fails. */
  tell(word: Word, detail?: string): void
  /** Hears the other processes. A null detail means that some may have been missed: anything may have changed. */
  hear(word: Word, listener: (detail: string | null) => void): void
  close(): Promise<void>
}

/** For a database that only one process can have. */
export const noSignals: Signals = { tell: () => undefined, hear: () => undefined, close: async () => undefined }
