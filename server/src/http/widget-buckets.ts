import type { FastifyRequest } from 'fastify'
import type { WidgetHolder } from './authenticate-widget.ts'
import type { Kernel } from './kernel.ts'
import type { LimitedBucket } from './rate-limit.ts'

/**
 * What a request from a page counts against: the visitor, or the widget key together with its address, for everybody has
 * the key; and all visitors of the workspace together, apart from its API keys, so that no page can use up theirs.
 */
export const widgetBuckets = (
  { deps, transport }: Kernel,
  request: FastifyRequest,
  holder: WidgetHolder,
): LimitedBucket[] => {
  const { widgetReadsPerMinute, widgetWritesPerMinute } = deps.settings
  const { requestsPerMinute: perMinute } = holder
  const writes = request.method === 'POST'
  const who =
    'widgetKeyId' in holder
      ? `widget key ${holder.widgetKeyId} ${transport.originOf(request)}`
      : `visitor ${holder.conversationId}`
  return [
    { name: `${who} ${writes ? 'writes' : 'reads'}`, perMinute: writes ? widgetWritesPerMinute : widgetReadsPerMinute },
    ...(perMinute === null ? [] : [{ name: `widget ${holder.workspaceId}`, perMinute }]),
  ]
}
