import { type Breach, lineOf, type SourceFile } from './source-file.ts'
import { isTest } from './zones.ts'

const readers = ['server/src/main.ts', 'server/src/plan.ts', 'server/src/config.ts']

/** Configuration is read once, by what npm starts and in config.ts, and handed down. */
export const checkEnvironment = (files: SourceFile[]): Breach[] =>
  files
    .filter(({ path }) => !isTest(path) && !readers.includes(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\bprocess\.env\b/g)].map(({ index }) => ({
        path,
        line: lineOf(text, index),
        message: 'Reads process.env. Add the variable to config.ts and take its value as an argument.',
      })),
    )
