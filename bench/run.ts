import { benchChat } from './chat.ts'
import { benchEventLog } from './event-log.ts'
import { benchHttp } from './http.ts'
import { benchLimits } from './limits.ts'
import { benchRoles } from './roles.ts'
import { benchRowLevelSecurity } from './row-level-security.ts'
import { benchStart } from './start.ts'
import { benchWebhooks } from './webhooks.ts'

// `name`, or `name:part,part=value` where a bench has parts.
const benches: Record<string, (parts: string[]) => Promise<void>> = {
  start: benchStart,
  chat: benchChat,
  http: benchHttp,
  limits: benchLimits,
  log: benchEventLog,
  rls: benchRowLevelSecurity,
  roles: benchRoles,
  webhooks: benchWebhooks,
}
const wanted = new Map(
  process.argv.slice(2).map((argument) => {
    const [name = '', parts = ''] = argument.split(':')
    return [name, parts.split(',').filter(Boolean)]
  }),
)
const unknown = [...wanted.keys()].filter((name) => !(name in benches))

if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(1)
}
for (const [name, bench] of Object.entries(benches))
  if (wanted.size === 0 || wanted.has(name)) await bench(wanted.get(name) ?? [])
