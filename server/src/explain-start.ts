import { ConfigError } from './config.ts'
import { DatabaseError, DatabaseUnavailableError } from './database/connection.ts'
import { FolderInUseError } from './database/folder-lock.ts'
import { StartError } from './start-error.ts'

type Environment = Record<string, string | undefined>

// The password stays out of it.
const databaseOf = ({ DATABASE_URL }: Environment) => {
  const url = new URL(DATABASE_URL || 'postgres://')
  return { server: url.host || 'DATABASE_URL', name: decodeURIComponent(url.pathname.slice(1)) || url.username }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const explainUnavailable = ({ cause }: DatabaseUnavailableError, environment: Environment): string => {
  const reason = codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  const { server } = databaseOf(environment)
  return `The database at ${server} cannot be reached (${reason}). Start it, or correct DATABASE_URL.`
}

const explainRefused = ({ code }: DatabaseError, environment: Environment): string | undefined => {
  const { server, name } = databaseOf(environment)
  if (code === '3D000') return `There is no database "${name}" at ${server}. Create it, or correct DATABASE_URL.`
  if (code === '28P01' || code === '28000')
    return `The database at ${server} refused the user or the password. Correct DATABASE_URL.`
  return undefined
}

const explainSystem = (error: NodeJS.ErrnoException, { HOST, PORT }: Environment): string | undefined => {
  const { code, syscall, path } = error
  if (code === 'EADDRNOTAVAIL' || (syscall === 'getaddrinfo' && (code === 'ENOTFOUND' || code === 'EAI_AGAIN')))
    return `HOST: ${HOST} is not an address of this machine. Choose one of its own, or 0.0.0.0 for all of them.`
  if (code === 'EACCES' && syscall === 'listen')
    return `PORT: this user may not listen on port ${PORT}. Choose another.`
  if (path === undefined) return undefined
  if (syscall === 'mkdir' && (code === 'EEXIST' || code === 'ENOTDIR'))
    return `PARLEY_DATA_DIR: ${path} cannot be a directory, because a file is in its place. Choose another.`
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `PARLEY_DATA_DIR: this user may not read or write ${path}. Give it the right to, or choose another directory.`
  return undefined
}

/** Why the server could not start, in a sentence that says what to do; undefined when that was not to be foreseen. */
export const explainStart = (error: unknown, environment: Environment): string | undefined => {
  if (error instanceof ConfigError || error instanceof FolderInUseError || error instanceof StartError)
    return error.message
  if (error instanceof DatabaseUnavailableError) return explainUnavailable(error, environment)
  if (error instanceof DatabaseError) return explainRefused(error, environment)
  return error instanceof Error ? explainSystem(error, environment) : undefined
}
