const small = 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen'
  .concat(' sixteen seventeen eighteen nineteen')
  .split(' ')
const tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const large = new Map([
  ['dozen', 12],
  ['hundred', 100],
  ['thousand', 1_000],
  ['million', 1_000_000],
  ['billion', 1_000_000_000],
])

const anyOf = (words: Iterable<string>): string => `(?:${[...words].join('|')})`
const upTo99 = `(?:${anyOf(tens)}(?:[\\s-]+${anyOf(small.slice(1, 10))})?|${anyOf(small)})`
const numberWords = new RegExp(`\\b(?:${upTo99}(?:[\\s-]+${anyOf(large.keys())}s?)?|${anyOf(large.keys())}s?)\\b`, 'g')

const figureOf = (words: string): number => {
  const parts = words.split(/[\s-]+/)
  const factor = large.get(parts.at(-1)!.replace(/s$/, ''))
  const rest = factor === undefined ? parts : parts.slice(0, -1)
  if (rest.length === 0) return factor ?? 0
  const sum = rest.reduce(
    (all, part) => all + (tens.includes(part) ? (tens.indexOf(part) + 2) * 10 : small.indexOf(part)),
    0,
  )
  return sum * (factor ?? 1)
}

// What a reader would act on and a model likes to invent. They overlap: a link also counts as its host.
const checkable = [
  // A target of a Markdown link or image, or of a link's definition, wherever it leads.
  /\]\(\s*<?([^\s)>]+)/g,
  /\]:\s*<?([^\s>]+)/g,
  // HTML.
  /<[a-z/!][^>]*>?/g,
  // scheme:anything and //host
  /(?<![a-z0-9])[a-z][a-z0-9+.-]{0,30}:[^\s)\]>"']+/g,
  /\/\/[^\s)\]>"']+/g,
  // An e-mail address, and a domain with or without a path.
  /(?<![\p{L}\p{N}_.+-])[\p{L}\p{N}_.+-]+@[^\s)\]>"']+/gu,
  /(?<![\p{L}\p{N}-]\.?)(?:[\p{L}\p{N}-]+\.)+\p{L}[\p{L}\p{N}-]+(?:[/:?#][^\s)\]>"']*)?/gu,
  // Figures, dates and amounts.
  /\p{N}+(?:[.,:/-]\p{N}+)*/gu,
]

/** The text in one spelling of its letters and digits, lower case, without characters nobody sees. */
export const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()

/**
 * The figures, dates, amounts, links and addresses in a text, each in one spelling: 1,000 and "one thousand" are 1000. A
 * figure is whole: 2 is not part of 12.
 */
export const factsOf = (text: string): Set<string> => {
  const said = plain(text)
  const written = checkable.flatMap((pattern) =>
    [...said.matchAll(pattern)].map(([whole, target = whole]) =>
      target.replace(/[.,;:!?*_`~|]+$/, '').replace(/(?<=\p{N}),(?=\p{N}{3}(?!\p{N}))/gu, ''),
    ),
  )
  return new Set([...written, ...(said.match(numberWords) ?? []).map((words) => String(figureOf(words)))])
}
