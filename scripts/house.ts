import { fileURLToPath } from 'node:url'
import { checkHouse } from './house/check-house.ts'
import { readSourceFiles } from './house/source-file.ts'

const files = readSourceFiles(fileURLToPath(new URL('..', import.meta.url)))
const breaches = checkHouse(files)
for (const { path, line, message } of breaches) console.error(`${path}:${line}  ${message}`)
console.log(`${files.length} files, ${breaches.length} breaches of the house rules`)
if (breaches.length > 0) process.exitCode = 1
