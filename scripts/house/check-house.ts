import { checkCycles } from './cycles.ts'
import { checkEnvironment } from './environment.ts'
import { checkNouns } from './nouns.ts'
import type { Breach, SourceFile } from './source-file.ts'
import { checkVerbs } from './verbs.ts'
import { checkZones } from './zones.ts'

const rules = [checkZones, checkNouns, checkCycles, checkEnvironment, checkVerbs]

/** Every place where the code leaves the layout that docs/architecture.md describes. */
export const checkHouse = (files: SourceFile[]): Breach[] => rules.flatMap((rule) => rule(files))
