/** A run of text as a PDF page holds it. Position and size are points, the origin is the lower left corner. */
export type PdfItem = { text: string; x: number; y: number; size: number; endsLine: boolean }

/** `top` says how far the line is from the one above it, `Infinity` on top of a page. */
export type PdfLine = { text: string; x: number; y: number; size: number; top: number; page: number }

// Smaller than any print a person can read: text put there for machines.
const smallestSize = 2

// The dots between a name and its page or price.
const dotLeader = /(?: ?[.·_]){5,} ?/g

/** The visible lines of a page; `box` is its visible part: left, bottom, right, top. */
export const linesOfPage = (items: PdfItem[], box: number[], page: number): PdfLine[] => {
  const [left = 0, bottom = 0, right = Infinity, ceiling = Infinity] = box
  const lines: PdfLine[] = []
  let open: PdfItem[] = []
  const close = () => {
    const text = open
      .map((item) => item.text)
      .join('')
      .replace(/\s+/g, ' ')
      .replace(dotLeader, ' … ')
      .trim()
    const first = open.find((item) => item.text.trim())
    if (text && first) {
      const size = Math.max(...open.filter((item) => item.text.trim()).map((item) => item.size))
      const previous = lines.at(-1)
      const top = previous ? Math.abs(previous.y - first.y) : Infinity
      lines.push({ text, x: first.x, y: first.y, size, top, page })
    }
    open = []
  }
  for (const item of items) {
    const shown =
      item.size >= smallestSize && item.x >= left - 1 && item.x <= right && item.y >= bottom - 1 && item.y <= ceiling
    if (shown || !item.text.trim()) open.push(item)
    if (item.endsLine) close()
  }
  close()
  return lines
}

/** Lines that stand at the top or bottom of most pages, page numbers aside, are the layout's and not the text's. */
export const withoutRunningLines = (pages: PdfLine[][]): PdfLine[][] => {
  if (pages.length < 3) return pages
  const counts = new Map<string, number>()
  for (const lines of pages)
    for (const key of new Set(edges(lines).map(keyOf))) counts.set(key, (counts.get(key) ?? 0) + 1)
  const running = (line: PdfLine) => (counts.get(keyOf(line)) ?? 0) >= Math.max(3, pages.length * 0.6)
  return pages.map((lines) => {
    const atEdge = new Set(edges(lines))
    return lines.filter((line) => !(atEdge.has(line) && running(line)))
  })
}

const edges = (lines: PdfLine[]): PdfLine[] => [...lines.slice(0, 2), ...lines.slice(-2)]
const keyOf = ({ text }: PdfLine): string => text.replace(/\d+/g, '#')
