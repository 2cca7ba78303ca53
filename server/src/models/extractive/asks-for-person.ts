const person = `(?:humans?|persons?|someone|somebody|people|representatives?|reps?|operators?|staff|advisors?|(?:support |service |live |real |human |customer service )?agents?)`

const wishes = [
  new RegExp(
    `\\b(?:talk|speak|chat|connect|transfer|put|hand|escalate|pass)\\b(?: \\w+){0,4}? (?:a |an |the |your )?(?:\\w+ ){0,2}?${person}\\b`,
  ),
  /\b(?:real|live|actual|human) (?:human|person|agent|being|operator|representative)\b/,
  /\b(?:want|need|get|give) (?:me |to reach |to see )?(?:a|an|some) (?:human|person|representative|operator|live agent)\b/,
  /^\W*(?:a |an |the )?(?:human|person|agent|representative|operator|advisor)(?: now| please)?\W*$/,
]

const refusals =
  /\b(?:don'?t|do not|no need to|without|rather not|instead of) (?:\w+ ){0,3}?(?:talk|speak|human|person)/

/** Whether the customer asks to be handed to a human. A question about agents as a product feature does not. */
export function asksForPerson(question: string): boolean {
  const lower = question.toLowerCase().replaceAll('’', "'")
  return !refusals.test(lower) && wishes.some((wish) => wish.test(lower))
}
