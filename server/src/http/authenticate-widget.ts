import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../base/errors.ts'
import {
  findVisit,
  findWidgetKey,
  prolongVisit,
  type VisitorHolder,
  type WidgetKeyHolder,
} from '../domain/widget/index.ts'
import { credentialOf } from './authenticate.ts'
import type { Deps } from './deps.ts'

/** Who calls from a page: whoever has its public key, or one visitor. */
export type WidgetHolder = WidgetKeyHolder | VisitorHolder

export type WidgetAccess = 'widget_key' | 'conversation_secret'

// Neither is cached: a revocation takes effect at once, everywhere.
const find = async (
  credential: string,
  access: WidgetAccess,
  { database: { system }, widgetFormat, clock }: Deps,
  beforeLookUp: () => void,
): Promise<WidgetHolder | undefined> => {
  const isKey = access === 'widget_key'
  if (!(isKey ? widgetFormat.isKey(credential) : widgetFormat.isSecret(credential))) return undefined
  beforeLookUp()
  if (isKey) return findWidgetKey(system, credential)
  const now = clock.now()
  const visitor = await findVisit(system, widgetFormat.hashSecret(credential), now)
  if (visitor) await prolongVisit(system, visitor, now)
  return visitor
}

/** Who calls. Throws UNAUTHORIZED for every credential but a living one of this very kind. */
export const authenticateWidget = async (
  headers: IncomingHttpHeaders,
  access: WidgetAccess,
  deps: Deps,
  beforeLookUp: () => void,
): Promise<WidgetHolder> => {
  const credential = credentialOf(headers)
  const holder = credential === undefined ? undefined : await find(credential, access, deps, beforeLookUp)
  if (!holder) throw new AppError('UNAUTHORIZED', 'Bearer token is missing or invalid.')
  return holder
}
