import { type Span, trimSpan } from './sentences.ts'
import { wordTenths } from './word-tenths.ts'

/** Cuts a span that is larger than `maxTenths` into pieces that are not: at line ends, else at spaces or commas, else between characters. */
export const splitOversize = (text: string, { start, end }: Span, maxTenths: number): Span[] => {
  const pieces: Span[] = []
  let at = start
  while (at < end) {
    const limit = furthest(text, at, end, maxTenths)
    const next = limit === end ? end : bestCut(text, at, limit)
    const piece = trimSpan(text, at, next)
    if (piece.start < piece.end) pieces.push(piece)
    at = next
  }
  return pieces
}

const furthest = (text: string, start: number, end: number, maxTenths: number): number => {
  let limit = end
  wordTenths(text, start, end, (at, before, tenths) => {
    if (before + tenths <= maxTenths) return false
    limit = at
    return true
  })
  return limit
}

const bestCut = (text: string, start: number, limit: number): number => {
  const half = start + Math.floor((limit - start) / 2)
  for (const mark of ['\n', ' ', '、', '，', ',', ';']) {
    const found = text.slice(half, limit).lastIndexOf(mark)
    if (found >= 0) return half + found + 1
  }
  let at = limit
  while (at > half && /[\p{M}\u{dc00}-\u{dfff}\u200d]/u.test(text[at]!)) at--
  return at > half ? at : limit
}
