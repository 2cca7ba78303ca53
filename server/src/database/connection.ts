/** Rows of one statement. `rowCount` is the number of rows returned or affected. */
export type Rows<Row = Record<string, unknown>> = { rows: Row[]; rowCount: number }

/** One database session. `bound` remembers the role and workspace it speaks for, so that binding costs nothing when unchanged. */
export type Connection = {
  bound: string
  query(text: string, values: readonly unknown[]): Promise<Rows>
  /** Statements sent inside travel in one packet: a system call and a round trip each cost more than most statements. */
  together<Sent>(send: () => Sent): Sent
  /** Several statements without parameters. */
  script(text: string): Promise<void>
}

/** What the embedded database and PostgreSQL have in common; everything above speaks to this. */
export type ConnectionPool = {
  kind: 'embedded' | 'postgres'
  acquire(): Promise<Connection>
  /** With `broken` the session is thrown away: its state is unknown. */
  release(connection: Connection, broken?: boolean): void
  close(): Promise<void>
}

/** A statement the database refused. `code` is the SQLSTATE, for example 23505 for a broken unique constraint. */
export class DatabaseError extends Error {
  readonly code: string
  readonly constraint: string | undefined
  constructor(message: string, code: string, constraint: string | undefined, cause?: unknown) {
    super(message, { cause })
    this.name = 'DatabaseError'
    this.code = code
    this.constraint = constraint
  }
}

/** The database cannot be reached, gave up the statement, or has no session free: the same request may succeed in a moment. */
export class DatabaseUnavailableError extends Error {
  constructor(cause: unknown) {
    super('The database is not available.', { cause })
    this.name = 'DatabaseUnavailableError'
  }
}

export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  error instanceof DatabaseError &&
  error.code === '23505' &&
  (constraint === undefined || error.constraint === constraint)

/**
 * A comment for statements whose best plan depends on their values, as when those say which partitions to open: PostgreSQL
 * plans one that holds it anew each time. Without it, it would settle on one plan after five times, guessing what is likely.
 */
export const plannedAnew = '/* planned anew */'
