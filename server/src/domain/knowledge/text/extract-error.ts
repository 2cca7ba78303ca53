export type ExtractErrorCode =
  | 'unsupported_type'
  | 'empty'
  | 'too_large'
  | 'unreadable'
  | 'encrypted'
  | 'invalid_encoding'

/** Why a file gave no text. `message` is a sentence for the person who added the file. */
export class ExtractError extends Error {
  readonly code: ExtractErrorCode
  constructor(code: ExtractErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ExtractError'
    this.code = code
  }
}
