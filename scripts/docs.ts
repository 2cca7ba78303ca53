import { fileURLToPath } from 'node:url'
import { checkDocs } from './docs/check-docs.ts'

const { pages, references, broken } = checkDocs(fileURLToPath(new URL('..', import.meta.url)))
for (const { path, line, message } of broken) console.error(`${path}:${line}  ${message}`)
console.log(`${pages} pages, ${references} references, ${broken.length} broken`)
if (broken.length > 0) process.exitCode = 1
