/** The server cannot start, for a reason that its operator can remove; `message` says how. */
export class StartError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StartError'
  }
}
