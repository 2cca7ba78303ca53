import type { PageElement } from './html-page.ts'
import { normaliseLine } from './normalise-text.ts'
import { recordLine } from './record-line.ts'

/** A table longer than this is written a row a line with its column names, because its chunks will not hold its head. */
const longestPipeTable = 15

/**
 * HTML to the Markdown we store: `#` headings, `-` lists, fenced code, pipe tables, links only where their address is
 * absolute, pictures as their description. Text is not escaped, save what would read as a heading or a code fence.
 */
export const htmlToMarkdown = async (html: string): Promise<string> => {
  const { default: Turndown } = await import('turndown')
  const turndown = new Turndown({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-', hr: '---' })
  turndown.escape = (text) => text.replace(/^(\s*)(#{1,6}\s|```|~~~|=+\s*$|-{2,}\s*$)/gm, '$1\\$2')
  return turndown
    .remove(['script', 'style', 'noscript', 'iframe'])
    .addRule('heading', {
      filter: ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'],
      replacement: (content, node) => {
        const text = normaliseLine(content).replace(/^[#\s]+|\s*[#¶§]+$/g, '')
        return text ? `\n\n${'#'.repeat(Number(node.nodeName[1]))} ${text}\n\n` : ''
      },
    })
    .addRule('link', {
      filter: 'a',
      replacement: (content, node) => {
        const text = content.trim()
        const address = node.getAttribute('href')?.trim() ?? ''
        if (!text || !/^(https?:\/\/|mailto:|tel:)\S{1,500}$/i.test(address) || text.includes('\n')) return content
        return address === text ? text : `[${content}](${address})`
      },
    })
    .addRule('picture', { filter: 'img', replacement: (_, node) => normaliseLine(node.getAttribute('alt') ?? '') })
    .addRule('list item', {
      filter: 'li',
      replacement: (content, node) => {
        const item = content
          .trim()
          .replace(/\n{2,}/g, '\n')
          .replace(/\n/g, '\n  ')
        return item ? `${listMarker(node)} ${item}\n` : ''
      },
    })
    .addRule('definition term', { filter: 'dt', replacement: (content) => `\n\n**${content.trim()}**\n` })
    .addRule('definition', { filter: 'dd', replacement: (content) => `\n${content.trim()}\n\n` })
    .addRule('table', {
      filter: 'table',
      replacement: (content, node) => tableToMarkdown(node) ?? `\n\n${content}\n\n`,
    })
    .turndown(html)
}

const listMarker = (item: PageElement): string => {
  const list = item.parentNode
  if (list?.nodeName !== 'OL') return '-'
  const items = Array.from(list.childNodes).filter(({ nodeName }) => nodeName === 'LI')
  return `${(Number(list.getAttribute('start')) || 1) + items.indexOf(item)}.`
}

/** `null` for a table that only lays out the page: one column, or tables, headings or lists within cells. */
const tableToMarkdown = (table: PageElement): string | null => {
  if (table.querySelector('table, h1, h2, h3, h4, ul, ol, pre')) return null
  const rows = Array.from(table.querySelectorAll('tr')).map((row) =>
    Array.from(row.childNodes).filter(({ nodeName }) => nodeName === 'TD' || nodeName === 'TH'),
  )
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0)
  const head = rows[0]
  if (!head || columns < 2) return null
  const caption = normaliseLine(table.querySelector('caption')?.textContent ?? '')
  const cells = rows.map((row) => row.map(({ textContent }) => normaliseLine(textContent)))
  const hasHead = head.every(({ nodeName }) => nodeName === 'TH')
  const lines =
    hasHead && rows.length > longestPipeTable
      ? cells.slice(1).map((row) => `${recordLine(cells[0]!, row)}\n`)
      : pipeTable(cells, columns, hasHead)
  return `\n\n${caption ? `${caption}\n\n` : ''}${lines.join('\n')}\n\n`
}

const pipeTable = (cells: string[][], columns: number, hasHead: boolean): string[] => {
  const line = (row: string[]) =>
    `| ${Array.from({ length: columns }, (_, i) => (row[i] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  const rule = `|${' --- |'.repeat(columns)}`
  return hasHead ? [line(cells[0]!), rule, ...cells.slice(1).map(line)] : cells.map(line)
}
