const maxTerms = 60
const maxTermLength = 64

const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()

/** The words of a text as contacts are indexed by: folded to lower case without accents. */
export const wordsOf = (text: string): string[] => [
  ...new Set(
    fold(text)
      .match(/[\p{L}\p{N}]+/gu)
      ?.map((word) => word.slice(0, maxTermLength)) ?? [],
  ),
]

export const tagTerm = (tag: string): string => `#${fold(tag)}`

type Searchable = { name: string | null; email: string | null; company: string | null; tags: string[] }

/** Everything a contact can be found by: its words, and its tags marked with `#`. */
export const termsOf = ({ name, email, company, tags }: Searchable): string[] =>
  [...new Set([...wordsOf([name, company, email].filter(Boolean).join(' ')), ...tags.map(tagTerm)])].slice(0, maxTerms)
