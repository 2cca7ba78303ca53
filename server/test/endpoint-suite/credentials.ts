import type { Endpoint } from '../../src/http/endpoint.ts'
import type { Tenant } from '../tenant.ts'

/** The credential that an endpoint takes: of a widget, of a signed-in person, or the tenant's key. */
export const credentialFor = ({ access }: Endpoint, { key, session, widgetKey, visit }: Tenant): string => {
  if (access === 'widget_key') return widgetKey
  if (access === 'conversation_secret') return visit.secret
  return access === 'session' ? session : key
}

/** Living credentials of the tenant that are of no kind this endpoint takes. */
export const otherKindsFor = ({ access }: Endpoint, { key, session, widgetKey, visit }: Tenant): string[] => {
  if (access === 'widget_key') return [key, session, visit.secret]
  if (access === 'conversation_secret') return [key, session, widgetKey]
  return [widgetKey, visit.secret]
}

/** A credential that looks right and that nobody was given. */
export const strangerFor = ({ access }: Endpoint, { app: { deps } }: Tenant): string => {
  if (access === 'widget_key') return deps.widgetFormat.createKey()
  return access === 'conversation_secret' ? deps.widgetFormat.createSecret() : deps.keys.create('sandbox')
}
