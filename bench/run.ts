import { benchChat } from './chat.ts'
import { benchHttp } from './http.ts'
import { benchLimits } from './limits.ts'
import { benchRowLevelSecurity } from './row-level-security.ts'
import { benchStart } from './start.ts'

const benches: Record<string, () => Promise<void>> = {
  start: benchStart,
  chat: benchChat,
  http: benchHttp,
  limits: benchLimits,
  rls: benchRowLevelSecurity,
}
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in benches))

if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(1)
}
for (const [name, bench] of Object.entries(benches)) if (wanted.length === 0 || wanted.includes(name)) await bench()
