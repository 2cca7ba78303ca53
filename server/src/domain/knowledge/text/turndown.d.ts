declare module 'turndown' {
  import type { PageElement } from './html-page.ts'

  type Rule = {
    filter: string | string[] | ((node: PageElement) => boolean)
    replacement(content: string, node: PageElement): string
  }
  // biome-ignore lint/style/noDefaultExport: this is how the package exports it
  export default class TurndownService {
    constructor(options: Record<string, string>)
    addRule(name: string, rule: Rule): this
    remove(filter: string | string[]): this
    escape(text: string): string
    turndown(html: string): string
  }
}
