const reference =
  /^(?:it|its|they|their|this|that|these|those|both|such|otherwise|if so|then|afterwards|the rest|the smallest|the largest)\b/i

/** Whether a sentence cannot be understood without the one before it. */
export function refersBack(sentence: string): boolean {
  return reference.test(sentence)
}
