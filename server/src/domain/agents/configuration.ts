import type { z } from 'zod'
import type { AgentVersion, UpdateAgent } from './contract.ts'

/** What an agent is told, as a version keeps it. Ids of sources are plain UUIDs; null means every source. */
export type AgentConfiguration = z.infer<typeof AgentVersion>['configuration']

type Changes = Omit<z.output<typeof UpdateAgent>, 'status' | 'is_default'>

const given = <Fields extends object>(fields: Fields | undefined): Partial<Fields> =>
  Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as Partial<Fields>

/** The configuration with the given fields changed. Fields keep their order, so that equal configurations are equal text. */
export const mergeConfiguration = (base: AgentConfiguration, changes: Changes): AgentConfiguration => {
  const { thresholds, appearance, knowledge_source_ids, ...rest } = changes
  return {
    ...base,
    ...given(rest),
    ...(knowledge_source_ids === undefined
      ? {}
      : { knowledge_source_ids: knowledge_source_ids && [...new Set(knowledge_source_ids)] }),
    thresholds: { ...base.thresholds, ...given(thresholds) },
    appearance: { ...base.appearance, ...given(appearance) },
  }
}
