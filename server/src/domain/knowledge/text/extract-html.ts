import type { ExtractedDocument } from './extracted-document.ts'
import { findMarkdownHeadings } from './find-markdown-headings.ts'
import type { Page, PageElement } from './html-page.ts'
import { htmlToMarkdown } from './html-to-markdown.ts'
import { normaliseLine, normaliseText } from './normalise-text.ts'
import { removeHiddenElements } from './remove-hidden-elements.ts'

const pageFurniture =
  'nav, footer, aside, button[type="submit"], [role="navigation"], [role="banner"], [role="contentinfo"], [role="search"], [role="dialog"]'

/**
 * The readable part of a page as Markdown, with the page's title. The article that Readability finds is taken unless it
 * is less than half of the page's visible content: small and list-like pages (questions, prices, hours) have no article.
 */
export const extractHtml = async (html: string): Promise<ExtractedDocument> => {
  const page = await parsePage(html)
  const declared = page.querySelector('meta[property="og:title"]')?.getAttribute('content') || page.title
  const firstHeading = page.querySelector('h1')
  removeHiddenElements(page)
  removeFurniture(page.body)
  const main = page.querySelector('main, [role="main"]')
  const content = main && normaliseLine(main.textContent).length >= 100 ? main : page.body
  const article = await readArticle(page)
  const takeArticle =
    article && normaliseLine(article.textContent).length * 2 >= normaliseLine(content.textContent).length
  const text = normaliseText(await htmlToMarkdown(takeArticle ? article.content : content.innerHTML))
  const title = (takeArticle && article.title) || declared || firstHeading?.textContent || ''
  return { title: normaliseLine(title) || null, text, headings: findMarkdownHeadings(text) }
}

const frame = /<!doctype[^>]*>|<\/?(?:html|head|body)(?=[\s>/])(?:"[^"]*"|'[^']*'|[^"'>])*>/gi

const parsePage = async (html: string): Promise<Page> => {
  const { parseHTML } = await import('linkedom')
  // The parser does not repair a page whose html, head or body is missing or misplaced, so every page gets new ones.
  const title = /<title(?:\s[^>]*)?>[\s\S]{0,2000}?<\/title>/i.exec(html)?.[0] ?? ''
  const page = `<!doctype html><html><head>${title}</head><body>${html.replace(frame, '')}</body></html>`
  // It declares the browser's types; `Page` is the part of them used here.
  return parseHTML(page).document as unknown as Page
}

type Article = { title: string; content: string; textContent: string }

const readArticle = async (page: Page): Promise<Article | null> => {
  const { Readability } = await import('@mozilla/readability')
  // Readability takes its document apart, so it gets a copy.
  const copy = page.cloneNode(true) as unknown as ConstructorParameters<typeof Readability>[0]
  const found = new Readability(copy, { charThreshold: 200, disableJSONLD: true, keepClasses: true }).parse()
  return found?.content
    ? { title: found.title ?? '', content: found.content, textContent: found.textContent ?? '' }
    : null
}

const removeFurniture = (body: PageElement): void => {
  const furniture = Array.from(body.querySelectorAll(pageFurniture)).filter((element) => !isNote(element))
  const length = furniture.reduce((sum, element) => sum + normaliseLine(element.textContent).length, 0)
  // A page that is nothing but a menu or an imprint still has words to keep.
  if (length < normaliseLine(body.textContent).length) for (const element of furniture) element.remove()
}

/** An aside within the text, a tip or a warning, is part of it; one beside the text is not. */
const isNote = (element: PageElement): boolean =>
  element.tagName === 'ASIDE' && element.closest('main, article') !== null
