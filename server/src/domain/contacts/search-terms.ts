// More words than anybody has in a name; each is a row.
const maxWords = 60
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

/** Everything a contact can be found by: all its tags, marked with `#`, and its words. */
export const termsOf = ({ name, email, company, tags }: Searchable): string[] => [
  ...new Set([...tags.map(tagTerm), ...wordsOf([name, company, email].filter(Boolean).join(' ')).slice(0, maxWords)]),
]
