/** One invented company's knowledge with questions about it. Every `answer` occurs verbatim in `text`. */
export type EvaluationDocument = {
  name: string
  text: string
  covered: { question: string; answer: string }[]
  /** Questions the text does not answer, many of them near its topics. */
  notCovered: string[]
}
