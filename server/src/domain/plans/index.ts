export { type LimitName, limitNames, Plan } from './contract.ts'
export { planEvents } from './events.ts'
export { noteLimitReached, type ReachedLimit } from './note-limit-reached.ts'
