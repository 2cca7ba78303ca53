/** Text search configurations that every supported PostgreSQL has, by language. */
const configs: Readonly<Record<string, string>> = {
  ar: 'arabic',
  ca: 'catalan',
  da: 'danish',
  de: 'german',
  el: 'greek',
  en: 'english',
  es: 'spanish',
  eu: 'basque',
  fi: 'finnish',
  fr: 'french',
  ga: 'irish',
  hi: 'hindi',
  hu: 'hungarian',
  hy: 'armenian',
  id: 'indonesian',
  it: 'italian',
  lt: 'lithuanian',
  nb: 'norwegian',
  ne: 'nepali',
  nl: 'dutch',
  nn: 'norwegian',
  no: 'norwegian',
  pt: 'portuguese',
  ro: 'romanian',
  ru: 'russian',
  sr: 'serbian',
  sv: 'swedish',
  ta: 'tamil',
  tr: 'turkish',
  yi: 'yiddish',
}

/** The text search configuration for a language tag: `de-AT` gives `german`, an unknown language `simple`. */
export const searchConfigOf = (language: string): string =>
  configs[language.toLowerCase().split('-', 1)[0]!] ?? 'simple'

// Scripts written without spaces between words, and Korean, whose words carry their particles.
const unspaced =
  /[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{M}]]+/gv

const bigramsOf = (run: string): string[] => {
  const characters = [...run]
  return characters.length < 2 ? characters : characters.slice(1).map((character, i) => characters[i]! + character)
}

// 3,000 and 3000 are one number; every other mark only separates words, so that /v1/chat is found by "chat".
const oneWord = (text: string): string =>
  text
    .replace(/(?<=\d)[,’'](?=\d{3}(?!\d))/g, '')
    .replace(/(?!(?<=\d)\.(?=\d))[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim()

/** What search reads of a text: words for PostgreSQL to stem, and pairs of characters where words have no spaces. */
export type SearchText = { words: string; bigrams: string[] }

export const searchTextOf = (text: string): SearchText => {
  const folded = text.normalize('NFKC').toLowerCase()
  return {
    words: oneWord(folded.replace(unspaced, ' ')),
    bigrams: (folded.match(unspaced) ?? []).flatMap(bigramsOf),
  }
}
