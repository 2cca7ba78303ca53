import { timeOfId, toWireId } from '../../base/ids.ts'

/** The payload shape's own version; receivers see it in every envelope. */
const eventApiVersion = '2026-11-01'

/**
 * The exact text of an event as its receivers get it, without its sequence number: that goes between `head` and `tail`.
 * `id` and `workspaceId` are UUIDs; the event happened at the time in its id.
 */
export const envelopeText = (event: {
  id: string
  workspaceId: string
  type: string
  data: unknown
}): { head: string; tail: string } => {
  const at = timeOfId(event.id).toISOString()
  const id = toWireId('event', event.id)
  const workspaceId = toWireId('workspace', event.workspaceId)
  return {
    head: `{"id":"${id}","event_id":"${id}","type":"${event.type}","event":"${event.type}","created_at":"${at}","timestamp":"${at}","workspace_id":"${workspaceId}","api_version":"${eventApiVersion}","sequence":`,
    tail: `,"data":${JSON.stringify(event.data)}}`,
  }
}
