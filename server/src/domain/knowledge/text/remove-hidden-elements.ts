import type { Page, PageElement } from './html-page.ts'

const neverShown =
  'body title, script, style, template, noscript, iframe, object, embed, svg, canvas, input, select, textarea, [hidden]:not([hidden="until-found"]), [aria-hidden="true"], dialog:not([open])'

const hidingDeclaration = new RegExp(
  `(?:^|;)\\s*(?:${[
    /display\s*:\s*none/,
    /visibility\s*:\s*(?:hidden|collapse)/,
    /content-visibility\s*:\s*hidden/,
    /opacity\s*:\s*0(?:\.0*)?%?\s*(?:!important\s*)?(?:;|$)/,
    /font-size\s*:\s*(?:0+(?:\.0*)?(?:px|pt|r?em|%)?|[01](?:\.\d+)?p[xt])\s*(?:!important\s*)?(?:;|$)/,
    /clip-path\s*:\s*inset\(\s*(?:50|100)%/,
    /clip\s*:\s*rect\(\s*[01]/,
    /text-indent\s*:\s*-\d{3,}/,
    /(?:left|right|top|bottom)\s*:\s*-\d{4,}/,
    /transform\s*:\s*scale\(\s*0\s*\)/,
  ]
    .map(({ source }) => source)
    .join('|')})`,
  'i',
)
const showingDeclaration = /(?:^|;)\s*(?:display\s*:\s*(?!none)|visibility\s*:\s*visible)/i

/** Takes everything out of a page that a person looking at it would not see: scripts, comments, elements hidden by attribute or style. */
export const removeHiddenElements = (page: Page): void => {
  const hidden = hiddenByStyleSheets(page)
  for (const element of Array.from(page.querySelectorAll('[style]'))) {
    const style = element.getAttribute('style') ?? ''
    if (isHiding(style)) hidden.add(element)
    else if (showingDeclaration.test(style)) hidden.delete(element)
  }
  for (const element of Array.from(page.querySelectorAll(neverShown))) hidden.add(element)
  for (const element of hidden) if (element.tagName !== 'HTML' && element.tagName !== 'BODY') element.remove()
  removeComments(page.documentElement)
}

/** Whether CSS declarations make text invisible: not displayed, without size, outside of the page, or in the colour of its ground. */
export const isHiding = (style: string): boolean => {
  const declarations = style.replace(/\/\*[\s\S]*?\*\//g, '')
  if (hidingDeclaration.test(declarations)) return true
  const overflowHidden = /overflow\s*:\s*hidden/i.test(declarations)
  if (overflowHidden && /(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|$)/i.test(declarations))
    return true
  const colour = colourOf(declarations, 'color')
  if (colour === 'transparent') return !/background-clip\s*:\s*text/i.test(declarations)
  return (
    colour !== null && colour === (colourOf(declarations, 'background-color') ?? colourOf(declarations, 'background'))
  )
}

const colourOf = (declarations: string, property: string): string | null => {
  const value = new RegExp(`(?:^|;)\\s*${property}\\s*:\\s*([^;!]+)`, 'i').exec(declarations)?.[1]?.trim().toLowerCase()
  if (value === undefined) return null
  return { white: '#fff', '#ffffff': '#fff', black: '#000', '#000000': '#000' }[value] ?? value
}

/** Later rules win, as far as a page says so itself; rules within @media and the like may not apply, so they do not count. */
const hiddenByStyleSheets = (page: Page): Set<PageElement> => {
  const hidden = new Set<PageElement>()
  for (const sheet of Array.from(page.querySelectorAll('style'))) {
    for (const { selector, declarations } of plainRules(sheet.textContent)) {
      const hides = isHiding(declarations)
      if (!hides && !showingDeclaration.test(declarations)) continue
      for (const element of matching(page, selector)) {
        if (hides) hidden.add(element)
        else hidden.delete(element)
      }
    }
  }
  return hidden
}

const mostRules = 2_000

function* plainRules(sheet: string): Generator<{ selector: string; declarations: string }> {
  const css = withoutAtRules(sheet.replace(/\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))/g, ''))
  let count = 0
  for (const match of css.matchAll(/([^{}]{1,1000})\{([^{}]*)\}/g)) {
    if (++count > mostRules) return
    yield { selector: match[1]!.trim(), declarations: match[2]! }
  }
}

const withoutAtRules = (css: string): string => {
  let kept = ''
  let depth = 0
  let skipUntilDepth = -1
  for (const part of css.split(/([{};]|@)/)) {
    if (part === '@' && skipUntilDepth < 0) skipUntilDepth = depth
    if (part === '{') depth++
    if (skipUntilDepth < 0) kept += part
    if (part === '}') depth = Math.max(0, depth - 1)
    if ((part === '}' || part === ';') && depth === skipUntilDepth) skipUntilDepth = -1
  }
  return kept
}

const matching = (page: Page, selector: string): PageElement[] => {
  // States such as :hover and parts such as ::before say nothing about the text at rest.
  const atRest = selector
    .split(',')
    .filter((one) => !/:(?!not\(|first-child|last-child|nth-child)/.test(one))
    .join(',')
  if (!atRest.trim()) return []
  try {
    return Array.from(page.querySelectorAll(atRest))
  } catch {
    return []
  }
}

const removeComments = (root: PageElement): void => {
  const open = [root]
  for (let node = open.pop(); node; node = open.pop()) {
    for (const child of Array.from(node.childNodes)) {
      if (child.nodeType === 8) child.remove()
      else if (child.nodeType === 1) open.push(child)
    }
  }
}
