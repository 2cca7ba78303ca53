export {
  CreateWidgetKey,
  StartedVisit,
  StartVisit,
  VisitorConversation,
  VisitorMessage,
  VisitorPart,
  VisitorQuestion,
  VisitorReply,
  WidgetConfig,
  WidgetKey,
} from './contract.ts'
export { createWidgetKey } from './create-widget-key.ts'
export { widgetEvents } from './events.ts'
export { findVisit, type VisitorHolder } from './find-visit.ts'
export { findWidgetKey, type WidgetKeyHolder } from './find-widget-key.ts'
export { getWidgetConfig } from './get-widget-config.ts'
export { getWidgetKey } from './get-widget-key.ts'
export { listWidgetKeys } from './list-widget-keys.ts'
export {
  presentVisitorConversation,
  presentVisitorMessage,
  presentVisitorPart,
  presentVisitorReply,
  presentWidgetKey,
} from './present.ts'
export { revokeWidgetKey } from './revoke-widget-key.ts'
export { mayShow } from './site.ts'
export { startVisit } from './start-visit.ts'
export { prolongVisit, purgeVisits } from './visit-lifetime.ts'
export { createWidgetFormat, type WidgetFormat } from './widget-format.ts'
