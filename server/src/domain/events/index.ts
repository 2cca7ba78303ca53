export { defineEvent, type EventType } from './event-type.ts'
export { recordEvent } from './record-event.ts'
export { type FanOut, type SequencedEvent, sequenceEvents } from './sequence-events.ts'
