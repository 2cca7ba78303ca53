import { AppError } from '../base/errors.ts'

const names = new Set([
  'api_key',
  'apikey',
  'api-key',
  'key',
  'token',
  'access_token',
  'auth',
  'authorization',
  'bearer',
])

/** Whether a URL seems to carry a credential: one there is never read, and nothing of it is repeated. */
const carriesCredential = (url: string): boolean => {
  const at = url.indexOf('?')
  if (at === -1) return false
  for (const name of new URLSearchParams(url.slice(at + 1)).keys()) if (names.has(name.toLowerCase())) return true
  return false
}

/** Tells whoever is refused, and put a credential into the URL, where it belongs; other errors stay as they are. */
export const hintAtHeaders = (error: unknown, url: string): unknown =>
  error instanceof AppError && error.code === 'UNAUTHORIZED' && carriesCredential(url)
    ? new AppError(
        'UNAUTHORIZED',
        `${error.message} A credential in a URL is never read, because URLs end up in logs: send it in the Authorization header, and replace the one that was sent.`,
      )
    : error
