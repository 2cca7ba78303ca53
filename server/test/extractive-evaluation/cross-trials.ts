import type { EvaluationDocument } from './evaluation-document.ts'
import { runTrials, type Trial } from './measure.ts'

/** Questions of one company that another company's page in `fit-first.ts` happens to answer, or half answers. */
const answeredElsewhere = new Set([
  'northlight-hotel.md: Is there a fee for cancelling?',
  'northlight-hotel.md: Is there parking?',
  'northlight-hotel.md: how long before the visit can I cancel?',
  'harbour-dental.md: How much is parking per day?',
  'harbour-dental.md: until when can I cancel for free?',
  'harbour-dental.md: Is there a fee for cancelling?',
  'tessel-plans.md: When do you charge me?',
  'tessel-plans.md: How do I cancel my plan?',
  'greenfold-faq.md: until when can I cancel for free?',
  'greenfold-faq.md: Can I cancel a saver rate?',
])

/** Asks every page what the other companies' customers ask: some 470 more questions that are not covered. */
export function runCrossTrials(documents: EvaluationDocument[]): Trial[] {
  return documents.flatMap((document) => {
    const others = documents.filter((other) => other !== document)
    const questions = others.flatMap((other) => other.covered.map(({ question }) => question))
    const notCovered = questions.filter((question) => !answeredElsewhere.has(`${document.name}: ${question}`))
    return runTrials([{ ...document, covered: [], notCovered }])
  })
}
