/** Words customers and companies use for the same thing, one group a line. A word may stand in one group only. */
const groups = `
cost price charge fee rate expensive cheap pay paid payment payable bill billed
return exchange
refund reimburse reimbursement moneyback
cancel cancellation terminate end quit unsubscribe
delivery deliver ship shipping shipment shipped dispatch
parcel package packet
openinghours open opening opens close closes closed closing
phone telephone call dial
email mail e-mail
located location address directions
begin start commence
purchase buy order
broken damaged defective faulty damage broke break
child children kid kids
allow allowed permit permitted welcome
maximum most largest limit max big biggest
minimum least smallest min
wifi wireless internet
signin login log
password passcode
change modify update edit switch
delete remove erase
create make add
book booking reserve reservation appointment
car vehicle
rent hire rental
friend guest
wheelchair accessible step-free ramp
discount saving save saves
year yearly annual annually
month monthly
week weekly
pause freeze suspend skip
keep store stored retain
fail fails failed failure fails
machine computer local locally localhost
verify validate check verification
authenticate authentication authorization
vinyl record records
kind type
lost missing left forgot
trial tried try
`

/** Word -> number of its group. */
export const meaningOf: ReadonlyMap<string, number> = new Map(
  groups
    .trim()
    .split('\n')
    .flatMap((line, group) => line.split(' ').map((word) => [word.replace(/-/g, ''), group] as const)),
)

const phrases: [RegExp, string][] = [
  [/\b(?:send|give|bring|hand|take)(?:ing)? (?:it |them |this |something |my \w+ )?back\b/gi, 'return'],
  [/\bmoney back\b/gi, 'refund'],
  [/\b(?:opening|business|office|working) (?:hours|times)\b/gi, 'openinghours'],
  [/\b(?:are|do) you (?:open|close)\b/gi, 'openinghours'],
  [/\b(?:log|sign)(?:ging|ing)? ?-?(?:in|on)\b/gi, 'login'],
  [/\bcheck(?:ing)?[ -](?=(?:in|out|up)s?\b)/gi, 'check'],
  [/\bfree of charge\b/gi, 'free'],
  [/\b(?:get|got|getting) (?:rid of|out of)\b/gi, 'cancel'],
]

/** The text with phrases put as one word, the way the other side may have written them. */
export function joinPhrases(original: string): string {
  return phrases.reduce((text, [phrase, word]) => text.replace(phrase, word), original)
}
