/** The little of the DOM that reading a page needs. The compiler's DOM types would claim globals a server does not have. */
export type PageElement = {
  nodeType: number
  nodeName: string
  parentNode: PageElement | null
  parentElement: PageElement | null
  firstElementChild: PageElement | null
  childNodes: ArrayLike<PageElement> & Iterable<PageElement>
  children: ArrayLike<PageElement> & Iterable<PageElement>
  textContent: string
  innerHTML: string
  outerHTML: string
  tagName: string
  getAttribute(name: string): string | null
  querySelector(selector: string): PageElement | null
  querySelectorAll(selector: string): Iterable<PageElement>
  contains(other: PageElement): boolean
  replaceWith(...nodes: (PageElement | string)[]): void
  remove(): void
}

export type Page = Omit<PageElement, 'remove'> & {
  body: PageElement
  documentElement: PageElement
  title: string
  cloneNode(deep: boolean): Page
}
