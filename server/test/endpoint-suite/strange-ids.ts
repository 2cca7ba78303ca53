import { randomUUID } from 'node:crypto'
import { newId } from '../../src/base/ids.ts'

/** Ids that nobody was given, in shapes that a database might take for one of its own. */
export const strangeIds = [
  randomUUID(),
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-0000-0000-000000000000',
  newId().toUpperCase(),
]
