// A token longer than any word (an address, a hash) counts as several, so that a word limit also limits characters.
const longestWord = 25

/** What one UTF-16 unit of a script written without spaces weighs, in tenths of a word; 0 for all other scripts. */
const unspacedTenths = (code: number): number => {
  if (code < 0x0e00) return 0
  if (code <= 0x0eff) return 2 // Thai, Lao: a word has some five letters
  if ((code >= 0x1000 && code <= 0x109f) || (code >= 0x1780 && code <= 0x17ff)) return 2 // Burmese, Khmer
  if (code < 0x2e80) return 0
  // Chinese and Japanese: a word has some two characters. Korean is written with spaces.
  if (code <= 0x9fff || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xff00 && code <= 0xffef)) return 5
  return code >= 0xd840 && code <= 0xd888 ? 5 : 0
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x09

/**
 * The size of `text.slice(start, end)` in tenths of a word, in any script: spaced tokens, or characters by the length of a
 * usual word. `visit` is told, before each UTF-16 unit, what came so far and
 * whether a new word or character begins there; it ends the count by returning `true`.
 */
export const wordTenths = (
  text: string,
  start = 0,
  end = text.length,
  visit?: (at: number, tenthsBefore: number, tenths: number) => boolean,
): number => {
  let total = 0
  let inWord = 0
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    let tenths = 0
    if (isSpace(code)) {
      inWord = 0
    } else {
      tenths = unspacedTenths(code)
      if (tenths > 0) inWord = 0
      else if (inWord++ % longestWord === 0) tenths = 10
    }
    if (visit?.(at, total, tenths)) return total
    total += tenths
  }
  return total
}
