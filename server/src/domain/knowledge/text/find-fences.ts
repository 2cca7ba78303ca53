/** A fenced block of code: offsets of its first character and of the end of its last line. */
export type Fence = { start: number; end: number }

/** Every ``` or ~~~ block of a Markdown text, in order. One that is never closed runs to the end, as CommonMark has it. */
export const findFences = (text: string): Fence[] => {
  const fences: Fence[] = []
  const marker = /^ {0,3}(`{3,}|~{3,})(.*)$/gm
  let open: { start: number; mark: string } | null = null
  for (const match of text.matchAll(marker)) {
    const [line, mark = '', rest = ''] = match
    if (!open) {
      if (mark[0] === '~' || !rest.includes('`')) open = { start: match.index, mark }
    } else if (mark[0] === open.mark[0] && mark.length >= open.mark.length && rest.trim() === '') {
      fences.push({ start: open.start, end: match.index + line.length })
      open = null
    }
  }
  if (open) fences.push({ start: open.start, end: text.length })
  return fences
}
