import type { Deps } from './http/deps.ts'
import type { WorkKind } from './work/work-kind.ts'

/** The one list of every kind of background work. */
export const workKinds = (_deps: Deps): readonly WorkKind[] => []
