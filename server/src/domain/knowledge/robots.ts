/** What a site's robots.txt says to one robot (RFC 9309). */
export type Robots = { allows(url: URL): boolean; sitemaps: string[] }

type Rule = { allow: boolean; pattern: string }

export const allowAll: Robots = { allows: () => true, sitemaps: [] }

const maxRules = 1_000

/** Reads robots.txt for the robot called `name`: its own groups if there are any, else those for `*`. */
export const parseRobots = (text: string, name: string): Robots => {
  const groups = new Map<string, Rule[]>()
  const sitemaps: string[] = []
  let agents: string[] = []
  let collecting = false
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, key = '', value = ''] = /^\s*([\w-]+)\s*:\s*([^#]*)/.exec(line) ?? []
    const field = key.toLowerCase()
    if (field === 'sitemap') sitemaps.push(value.trim())
    if (field === 'user-agent') {
      agents = collecting ? [...agents, value.trim().toLowerCase()] : [value.trim().toLowerCase()]
      collecting = true
    }
    if (field !== 'allow' && field !== 'disallow') continue
    collecting = false
    for (const agent of agents) {
      const rules = groups.get(agent) ?? []
      groups.set(agent, rules)
      if (value.trim() !== '' && rules.length < maxRules)
        rules.push({ allow: field === 'allow', pattern: value.trim() })
    }
  }
  const rules = groups.get(name) ?? groups.get('*') ?? []
  return { sitemaps, allows: (url) => isAllowed(rules, url.pathname + url.search) }
}

// The longest pattern that matches decides; of two equally long ones the one that allows.
const isAllowed = (rules: readonly Rule[], path: string): boolean => {
  let best: Rule | undefined
  for (const rule of rules) {
    const longer = !best || rule.pattern.length > best.pattern.length
    const kinder = best && rule.pattern.length === best.pattern.length && rule.allow
    if ((longer || kinder) && matches(rule.pattern, path)) best = rule
  }
  return best?.allow ?? true
}

const matches = (pattern: string, path: string): boolean => {
  const toEnd = pattern.endsWith('$')
  const [first = '', ...parts] = (toEnd ? pattern.slice(0, -1) : pattern).split('*')
  if (!path.startsWith(first)) return false
  let at = first.length
  for (const [i, part] of parts.entries()) {
    const last = toEnd && i === parts.length - 1
    const found = last ? Math.max(path.length - part.length, -1) : path.indexOf(part, at)
    if (found < at || (last && !path.endsWith(part))) return false
    at = found + part.length
  }
  return !toEnd || at === path.length
}
