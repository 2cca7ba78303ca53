// Characters that show nothing can carry instructions a reviewer cannot see, and break words for the search.
// A joiner stays where an Arabic or Indic word is spelled with it.
const joinerScripts =
  '\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}\\p{Script=Sinhala}'
const neededJoiner = new RegExp(`(?<=[${joinerScripts}])[\\u200c\\u200d](?=[${joinerScripts}])`, 'u')
const hidden = new RegExp(
  `(?!${neededJoiner.source})[\\p{Default_Ignorable_Code_Point}\\ufff9-\\ufffc]|(?![\\n\\t])\\p{Cc}`,
  'gu',
)

/**
 * The one form in which knowledge is stored: well-formed Unicode in NFC, `\n` line ends, ordinary spaces, nothing hidden
 * (zero-width, bidirectional and control characters, variation selectors, tags), no spaces at line ends, at most one
 * blank line in a row, none at either end. Applying it twice changes nothing.
 */
export const normaliseText = (raw: string): string =>
  raw
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n')
    .replace(hidden, '')
    .normalize('NFC')
    .replace(/\p{Zs}/gu, ' ')
    .replace(/(?<![ \t])[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\s+/, '')
    .trimEnd()

/** The same for a text that has to fit on one line: a title, a heading, a table cell. */
export const normaliseLine = (raw: string): string => normaliseText(raw).replace(/\s+/g, ' ')
