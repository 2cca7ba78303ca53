// In the order of the alternatives, leftmost first: code stays as it is, the rest is what a reader never sees.
const notableSource = [
  /^ {0,3}(?<fence>`{3,}|~{3,})[^\n]*(?:\n|$)/,
  /`[^`\n]+`/,
  /(?<comment><!--)/,
  /^ {0,3}\[(?:\/\/|comment|_)\]:[ \t]*(?:#|<>)[^\n]*/,
  /<(?<invisible>script|style|template|noscript)(?=[\s>])/,
  /<(?<element>[a-z][a-z0-9]{0,20})(?=\s)(?=[^<>]{0,500}?(?:\shidden(?=[\s=>/])|aria-hidden\s*=\s*["']?true|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0\s*[;"']))/,
]
  .map(({ source }) => source)
  .join('|')

/** Removes comments, scripts and elements marked as hidden from a Markdown text; code blocks and code spans are kept. */
export const stripHiddenMarkdown = (text: string): string => {
  let visible = ''
  let at = 0
  const lastClose = text.lastIndexOf('-->')
  const notable = new RegExp(notableSource, 'gim')
  for (let match = notable.exec(text); match; match = notable.exec(text)) {
    const end = match.index + match[0].length
    const groups = match.groups!
    const next = groups.fence
      ? endOfFence(text, end, groups.fence)
      : groups.comment
        ? endOfComment(text, match.index, lastClose)
        : groups.invisible || groups.element
          ? endOfElement(text, match.index, (groups.invisible ?? groups.element)!)
          : end
    const keep = groups.fence || match[0].startsWith('`') || next === match.index
    visible += text.slice(at, match.index) + (keep ? text.slice(match.index, Math.max(next, end)) : '')
    at = Math.max(next, end)
    notable.lastIndex = at
  }
  return visible + text.slice(at)
}

const endOfFence = (text: string, from: number, mark: string): number => {
  const close = new RegExp(`^ {0,3}\\${mark[0]}{${mark.length},}[ \\t]*$`, 'gm')
  close.lastIndex = from
  return close.exec(text) ? close.lastIndex : text.length
}

/** A comment that is never closed hides the rest when it starts its line; within a sentence it is only characters. */
const endOfComment = (text: string, start: number, lastClose: number): number => {
  if (start + 4 <= lastClose) return text.indexOf('-->', start + 4) + 3
  return /(^|\n) {0,3}$/.test(text.slice(Math.max(0, start - 4), start)) ? text.length : start
}

const voidElement = /^(?:area|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i

const endOfElement = (text: string, start: number, name: string): number => {
  const tag = new RegExp(`<(/?)${name}(?=[\\s/>])[^<>]*?(/?)>`, 'gi')
  tag.lastIndex = start
  let depth = 0
  for (let match = tag.exec(text); match; match = tag.exec(text)) {
    if (match[1]) depth--
    else if (!match[2]) depth++
    if (depth <= 0 || voidElement.test(name)) return tag.lastIndex
  }
  return text.length
}
