/** What a site's robots.txt says to one robot (RFC 9309). */
export type Robots = { allows(url: URL): boolean; sitemaps: string[] }

type Rule = { allow: boolean; length: number; parts: string[]; toEnd: boolean }

export const allowAll: Robots = { allows: () => true, sitemaps: [] }

// What RFC 9309 asks a robot to read at least. A character is a byte or more, so this is never less than the bytes say.
const maxLength = 500 * 1024
const maxRules = 1_000
// Every address that is found is held against every rule, so one with thousands of stars is passed over.
const maxPartsOfRule = 20
const maxSitemaps = 100
const fieldLine = /^[^\S\r\n]*(user-agent|allow|disallow|sitemap)[^\S\r\n]*:([^#\r\n]*)/gim

/**
 * Reads robots.txt for the robot called `name`: its own groups if there are any, else those for `*`. Goes through the file
 * once and keeps nothing of the groups of other robots.
 */
export const parseRobots = (text: string, name: string): Robots => {
  const groups = new Map<string, Rule[]>()
  const sitemaps: string[] = []
  const agents = new Set<string>()
  let collecting = false
  for (const [, key = '', rest = ''] of text.slice(0, maxLength).matchAll(fieldLine)) {
    const field = key.toLowerCase()
    const value = rest.trim()
    if (field === 'sitemap') {
      if (sitemaps.length < maxSitemaps) sitemaps.push(value)
      continue
    }
    if (field === 'user-agent') {
      if (!collecting) agents.clear()
      collecting = true
      const agent = value.toLowerCase()
      if (agent === name || agent === '*') agents.add(agent)
      continue
    }
    collecting = false
    const rule = toRule(field === 'allow', value)
    const counts = value !== '' && rule.parts.length <= maxPartsOfRule
    for (const agent of agents) {
      const rules = groups.get(agent) ?? []
      groups.set(agent, rules)
      if (counts && rules.length < maxRules) rules.push(rule)
    }
  }
  const rules = groups.get(name) ?? groups.get('*') ?? []
  return { sitemaps, allows: (url) => isAllowed(rules, url.pathname + url.search) }
}

const toRule = (allow: boolean, pattern: string): Rule => {
  const toEnd = pattern.endsWith('$')
  const parts = (toEnd ? pattern.slice(0, -1) : pattern).split(/\*+/)
  return { allow, length: pattern.length, parts, toEnd }
}

// The longest pattern that matches decides; of two equally long ones the one that allows.
const isAllowed = (rules: readonly Rule[], path: string): boolean => {
  let best: Rule | undefined
  for (const rule of rules) {
    const longer = !best || rule.length > best.length
    const kinder = best && rule.length === best.length && rule.allow
    if ((longer || kinder) && matches(rule, path)) best = rule
  }
  return best?.allow ?? true
}

const matches = ({ parts, toEnd }: Rule, path: string): boolean => {
  const first = parts[0]!
  if (!path.startsWith(first)) return false
  let at = first.length
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i]!
    const last = toEnd && i === parts.length - 1
    const found = last ? Math.max(path.length - part.length, -1) : path.indexOf(part, at)
    if (found < at || (last && !path.endsWith(part))) return false
    at = found + part.length
  }
  return !toEnd || at === path.length
}
