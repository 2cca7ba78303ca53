/** What a question asks for, as far as its words tell. */
export type AnswerType =
  | 'money'
  | 'duration'
  | 'count'
  | 'frequency'
  | 'time'
  | 'place'
  | 'person'
  | 'steps'
  | 'rate'
  | 'any'

const number = String.raw`(?:\d[\d.,:]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|sixty|ninety)`
const span = `(?:seconds?|minutes?|mins?|hours?|days?|nights?|weeks?|months?|years?)`

const cues: [AnswerType, RegExp][] = [
  ['duration', /\bhow (?:long|soon|quickly|fast|early)\b|\btimeout\b|\bnotice (?:period|do)\b/],
  ['count', /\bhow many\b|\bmaximum\b|\bhow (?:big|large)\b/],
  ['frequency', /\bhow often\b/],
  ['money', /\bhow much\b(?! (?:notice|time|space|storage|data|luggage))|\b(?:cost|price|costs|prices|fees?)\b/],
  ['rate', /\bhow (?:much|fast)\b|\blimits?\b/],
  [
    'time',
    /\bwhen\b|\bwhat (?:time|day|date|hours)\b|\b(?:which|what) days?\b|\b(?:opening|business) (?:hours|times)\b/,
  ],
  ['place', /\bwhere\b|\byour (?:\w+ )?address\b/],
  ['person', /\bwho(?:m|se)?\b/],
  [
    'steps',
    /\bhow (?:do|can|to|should|would|could|does one)\b|\bwhat (?:should|must|can|do) i (?:do|need)\b|\bsteps\b/,
  ],
]

const signs: Record<Exclude<AnswerType, 'any'>, RegExp> = {
  money:
    /[$€£¥]\s?\d|\d\s?(?:[$€£¥]|usd|eur|dollars?|euros?|pounds?|cents?|percent|%)|\bfree\b|\bno (?:fee|charge|cost)|\bnot refunded\b/i,
  duration: new RegExp(
    `${number}(?:[ -](?:to|business|working|or|and|more|calendar|full))*[ -]?(?:${number}[ -])?${span}\\b|\\blifetime\\b|\\b(?:until|instantly|immediately|same day)\\b`,
    'i',
  ),
  count: new RegExp(`\\b${number}\\b|\\bunlimited\\b|\\bno limit\\b`, 'i'),
  frequency: /\b(?:every|each|per|once|twice|daily|weekly|monthly|yearly|annually)\b/i,
  time: new RegExp(
    `\\d{1,2}:\\d{2}|\\d\\s?[ap]\\.?m\\b|\\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\\b|\\b(?:january|february|march|april|june|july|august|september|october|november|december|midnight|noon|weekends?|morning|evening)\\b|\\b(?:after|before|within|until|every|from|when|as soon as|once|at)\\b.*(?:${number}|\\bday|\\bend\\b|\\bsent\\b|\\bfail)|\\b\\d+(?:st|nd|rd|th)\\b`,
    'i',
  ),
  place:
    /\b(?:street|road|lane|avenue|unit|floor|building|under|at|in the|on the|inside|behind|above|dashboard|settings)\b|\s>\s|https?:|\b\w+\.\w+\.\w+|@/i,
  person: /(?<=\S\s)\b\p{Lu}\p{Ll}+|\b(?:only|owners?|admins?|buyers?|members?|customers?|guests?|team|by the)\b|@/u,
  steps:
    /^(?:\W*(?:\p{Lu}\p{Ll}+)\s+(?:the|a|an|your|us|to|with|through|by|in|out|on|online|and|it|at|for|both)\b)|\s>\s|\byou can\b|^To \p{Ll}+|https?:|@/u,
  rate: new RegExp(`\\b${number}\\b.*\\b(?:per|a|an|each|every)\\b`, 'i'),
}

export type Asked = {
  types: AnswerType[]
  /** The thing after "how many". */
  counted: string | undefined
  /** "What happens when …" is answered after the sentence that says when. */
  wantsConsequence: boolean
  /** "What must I not …" wants a sentence that forbids. */
  isNegative: boolean
  /** Words of the question that ask for the form: in "how long does it take", a duration is what "take" wants to see. */
  cueWords: ReadonlySet<string>
}

const cueWords: Partial<Record<AnswerType, string[]>> = {
  duration: ['take', 'takes', 'last', 'lasts', 'time'],
  count: ['maximum', 'number', 'big', 'large'],
  money: ['cost', 'costs', 'price', 'prices'],
  time: ['time', 'times', 'day', 'date', 'hours'],
  place: ['located', 'location', 'address', 'find'],
}

export function readAsked(question: string): Asked {
  const lower = question.toLowerCase()
  const found = cues.filter(([, cue]) => cue.test(lower)).map(([type]) => type)
  return {
    types: found.length === 0 ? ['any'] : found,
    wantsConsequence: /\bwhat (?:happens|will happen|would happen|if)\b/.test(lower),
    isNegative: /\bnot\b|\bnever\b/.test(lower),
    cueWords: new Set(found.flatMap((type) => cueWords[type] ?? [])),
    counted: /\bhow many (\p{L}+)/u.exec(lower)?.[1],
  }
}

/** Whether the text has the outer form of such an answer: 1 yes, -1 no, 0 when the question asks for nothing special. */
export function fitsAsked({ types, counted }: Asked, text: string): number {
  const wanted = types.filter((type) => type !== 'any')
  if (wanted.length === 0) return 0
  const fits = wanted.some((type) => signs[type].test(text))
  if (!fits) return -1
  return counted === undefined || countsThings(text, counted) ? 1 : -0.5
}

/** Whether a number stands right before the counted word, give or take two words. */
function countsThings(text: string, counted: string): boolean {
  const stem = counted.slice(0, Math.max(3, counted.length - 2))
  return new RegExp(`\\b${number}(?: [\\p{L}-]+){0,2}? ${stem}`, 'iu').test(text)
}
