/** `isFromRoot`: a path quoted as code, which readers look for from the root of the repository. */
export type Reference = { target: string; line: number; isFromRoot: boolean }

const fence = /^ {0,3}(`{3,}|~{3,})/
const link = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g
const definition = /^ {0,3}\[[^\]^]+\]:\s+<?(\S+?)>?(?:\s|$)/
const codeSpan = /(?<!`)`([^`]+)`(?!`)/g
const quotedPath = /^(?:docs|server|scripts|acceptance|bench|sdk|cli|dashboard|widget)\/[\w./-]*\w\/?$/
const isElsewhere = (target: string): boolean => /^[a-z][a-z0-9+.-]*:|^\/|^\/\//i.test(target)

/** The lines outside fenced code, the others empty, so that line numbers stay. */
const withoutFences = (text: string): string[] => {
  let open: string | undefined
  return text.split('\n').map((line) => {
    const mark = fence.exec(line)?.[1]
    if (open !== undefined) {
      if (mark?.startsWith(open) && line.trim() === mark) open = undefined
      return ''
    }
    if (mark === undefined) return line
    open = mark
    return ''
  })
}

/** Every relative link, and every path quoted as code, outside fenced code. */
export const findReferences = (text: string): Reference[] =>
  withoutFences(text).flatMap((content, index) => {
    const line = index + 1
    const prose = content.replace(codeSpan, (span) => ' '.repeat(span.length))
    const links = [...content.matchAll(link)].filter(({ index }) => prose[index] === ']').map((match) => match[1] ?? '')
    const defined = definition.exec(prose)?.[1]
    const paths = [...content.matchAll(codeSpan)].map((match) => match[1] ?? '').filter((path) => quotedPath.test(path))
    return [
      ...[...links, ...(defined ? [defined] : [])]
        .filter((target) => !isElsewhere(target))
        .map((target) => ({ target, line, isFromRoot: false })),
      ...paths.map((target) => ({ target, line, isFromRoot: true })),
    ]
  })

const slugOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')

/** The anchors of a page, as code hosts derive them from its headings, beside those it sets itself. */
export const findAnchors = (text: string): Set<string> => {
  const anchors = new Set<string>()
  for (const line of withoutFences(text)) {
    for (const match of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '')
    const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1]
    if (heading === undefined) continue
    const slug = slugOf(heading)
    let unique = slug
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`
    anchors.add(unique)
  }
  return anchors
}
