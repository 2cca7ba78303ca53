/**
 * The little of the DOM that reading a page needs. The compiler's DOM types would claim globals a server does not
 * have, and promise iterators that one of the two implementations in use lacks.
 */
export type PageElement = {
  nodeType: number
  nodeName: string
  parentNode: PageElement | null
  childNodes: ArrayLike<PageElement>
  textContent: string
  innerHTML: string
  tagName: string
  getAttribute(name: string): string | null
  querySelector(selector: string): PageElement | null
  querySelectorAll(selector: string): ArrayLike<PageElement>
  closest(selector: string): PageElement | null
  remove(): void
}

export type Page = Omit<PageElement, 'remove'> & {
  body: PageElement
  documentElement: PageElement
  title: string
  cloneNode(deep: boolean): Page
}
