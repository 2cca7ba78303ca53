import type { Passage } from '../model.ts'
import { type Asked, fitsAsked, readAsked } from './answer-type.ts'
import type { Candidate } from './candidate.ts'
import { quoteAround } from './quote-around.ts'
import { refersBack } from './refers-back.ts'
import { splitUnits, type Unit } from './split-units.ts'
import { countWords, createFinder, type Finder, questionTerms, type Term } from './words.ts'

/** What is known about a chosen answer, each between -1 and 1 or a small number; the input of the calibration. */
export type Features = {
  /** Share of the question's weight found in the quoted unit itself. */
  covered: number
  /** Share found in the unit or what stands around it: heading, lead, neighbours, each discounted. */
  supported: number
  /** Weight of the heaviest word that neither the unit nor its heading, lead or neighbour holds. */
  heaviestMissing: number
  /** Weight found, on a log scale: one common word in common is thin evidence. */
  evidence: number
  /** -1, 0 or 1: has the form the question asks for. */
  fits: number
  /** How far the best unit is ahead of the best one elsewhere. */
  lead: number
}

export type Chosen = { passage: Passage; start: number; end: number; features: Features }

export type Choice = {
  /** `null` when no sentence shares a word with the question. */
  best: Chosen | null
  /** Share of the question's weight found in no passage; 1 for a question without topic words. */
  absent: number
}

/** How much a question word counts when it stands beside the quoted text instead of in it. */
const credit = {
  cue: 0.8,
  question: 0.95,
  heading: 0.8,
  title: 0.75,
  lead: 0.75,
  referred: 0.8,
  before: 0.5,
  passage: 0.25,
}

/** Finds the sentences that answer best and says what speaks for them. */
export function chooseAnswer(question: string, passages: Passage[]): Choice {
  const asked = readAsked(question)
  const unweighed = questionTerms(question)
  const find = createFinder(unweighed)
  const found = passages.flatMap((passage) => readPassage(passage, asked, unweighed, find))
  const terms = weighTerms(unweighed, found, find)
  const total = sum(terms.map((term) => term.weight))
  if (total === 0 || found.length === 0) return { best: null, absent: 1 }
  const absent =
    sum(terms.map((term, at) => (found.some(({ supports }) => supports[at]! > 0) ? 0 : term.weight))) / total
  const topScore = Math.max(...passages.map((passage) => passage.score), 1e-9)
  const share = (values: number[]) => sum(values.map((value, at) => value * terms[at]!.weight)) / total
  const ranked = found
    .map((candidate) => ({ ...candidate, score: rate(candidate, asked, share, find, topScore) }))
    .sort((a, b) => b.score - a.score)
  const best = ranked[0]!
  if (sum(best.supports) === 0) return { best: null, absent }
  const quote = quoteAround(best, ranked, asked)
  const rival = ranked.find((other) => other.passage !== best.passage || !isWithin(unitOf(other), quote))
  return {
    absent,
    best: {
      passage: best.passage,
      ...quote,
      features: {
        covered: share(best.presences),
        supported: share(best.supports),
        heaviestMissing: Math.max(...terms.map((term, at) => (best.supports[at]! < 0.5 ? term.weight : 0))),
        evidence: Math.log1p(share(best.supports) * total),
        fits: fitsAsked(asked, best.passage.text.slice(quote.start, quote.end)),
        lead: Math.min(0.4, best.score - (rival?.score ?? 0)) * (1 - absent) ** 2,
      },
    },
  }
}

function readPassage(passage: Passage, asked: Asked, terms: Term[], find: Finder): Candidate[] {
  const units = splitUnits(passage.text)
  return units.map((unit, at) => {
    const said = passage.text.slice(unit.start, unit.end)
    const fits = fitsAsked(asked, said)
    const around = surroundings(passage, units, at)
    const supports = terms.map((term, position) => {
      const implied = fits === 1 && asked.cueWords.has(term.word) ? credit.cue : 0
      return Math.max(implied, find(said)[position]!, ...around.map(({ text, worth }) => worth * find(text)[position]!))
    })
    return { passage, units, at, said, presences: find(said), supports, fits, score: 0 }
  })
}

/** What else says what a unit is about, and how much that counts. */
function surroundings(passage: Passage, units: Unit[], at: number): { text: string; worth: number }[] {
  const unit = units[at]!
  const before = units[at - 1]
  const around = [
    { text: unit.heading, worth: unit.heading.endsWith('?') ? credit.question : credit.heading },
    { text: passage.title, worth: credit.title },
    { text: unit.lead, worth: credit.lead },
    { text: passage.text, worth: credit.passage },
  ]
  if (before === undefined || before.block !== unit.block || unit.kind !== 'sentence') return around
  const refers = refersBack(passage.text.slice(unit.start, unit.end))
  const text = passage.text.slice(before.start, before.end)
  return [...around, { text, worth: refers ? credit.referred : credit.before }]
}

/**
 * Lowers words that stand in most sentences of what was retrieved, the more the more sentences there are; a word found
 * nowhere keeps its full weight. The company's own name says nothing about what is asked.
 */
function weighTerms(terms: Term[], candidates: Candidate[], find: Finder): Term[] {
  const names = new Set(candidates.map(({ passage }) => `${passage.sourceName} ${passage.title.split(/[>›]/)[0]}`))
  const count = candidates.length
  const trust = (0.5 * count) / (count + 10)
  return terms.map((term, at) => {
    if (term.isName && [...names].some((name) => find(name)[at] === 1)) return { ...term, weight: 0.1 }
    const holding = candidates.filter(({ presences }) => presences[at]! > 0).length
    const rarity = Math.log(1 + (count - holding + 0.5) / (holding + 0.5)) / Math.log(1 + (count + 0.5) / 0.5)
    return { ...term, weight: term.weight * (1 - trust + trust * rarity) }
  })
}

/** The weights were set by hand on the companies the coefficients are fitted on. */
function rate(
  candidate: Candidate,
  asked: Asked,
  share: (values: number[]) => number,
  find: Finder,
  topScore: number,
): number {
  const { passage, units, at, said, presences, supports, fits } = candidate
  const unit = unitOf(candidate)
  const isFirst = units.findIndex((other) => other.heading === unit.heading) === at
  const heading = unit.heading || (passage.title.split(/[>›]/).at(-1) ?? '')
  const namesRow = unit.kind === 'row' && find(said.split('|')[0] ?? '').includes(1)
  return (
    share(supports) +
    0.25 * share(presences) +
    0.15 * fits +
    (0.1 * passage.score) / topScore +
    (isFirst ? 0.04 + 0.2 * share(find(heading)) : 0) +
    (namesRow ? 0.3 : 0) -
    (unit.kind === 'code' ? 0.6 : 0) -
    (asked.isNegative && !negation.test(said) ? 0.15 : 0) -
    (isLabel(said, presences) ? 0.5 : 0)
  )
}

const negation = /\b(?:not|never|no|cannot|without|\w+n['’]t)\b/i

const saysSomething = /\d|\b(?:is|are|was|can|cannot|must|may|will|should|has|have|do|does|not|no|yes)\b/i

/** `Our refund policy.` repeats the question and says nothing. */
function isLabel(said: string, presences: number[]): boolean {
  if (said.split(/\s+/).length > 5 || saysSomething.test(said)) return false
  return countWords(said) - presences.filter((presence) => presence === 1).length <= 1
}

function isWithin(unit: Unit, quote: { start: number; end: number }): boolean {
  return unit.start < quote.end && unit.end > quote.start
}

function unitOf(candidate: Candidate): Unit {
  return candidate.units[candidate.at]!
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
