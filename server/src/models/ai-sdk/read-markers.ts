import type { DeclineReason } from '../model.ts'
import { declineTokens } from './prompt.ts'

export type MarkedPart =
  | { type: 'text-delta'; text: string }
  | { type: 'citation'; passage: number; start: null; end: null }
  | { type: 'decline'; reason: DeclineReason }

export type MarkerReader = {
  /** Takes the next delta and returns what can safely be said so far. */
  read(delta: string): MarkedPart[]
  /** What was held back at the end of the stream. */
  end(): MarkedPart[]
}

const marker = /\s*\[\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*\]/
const declineToken = new RegExp(`[\\s*_\`"']*\\b(${Object.keys(declineTokens).join('|')})\\b`)
const tokens = Object.keys(declineTokens)

/**
 * Turns `[1]`, `[1][2]` and `[1, 2]` in streamed text into citations and a decline token into a decline. Whatever could
 * still become either is held back, so no marker, half marker or token is ever shown. Numbers that name no passage are
 * dropped. Brackets inside Markdown code are text.
 */
export function createMarkerReader(knownPassages: ReadonlySet<number>): MarkerReader {
  let held = ''
  let said = ''
  let declined = false

  function say(text: string): MarkedPart[] {
    said += text
    return text === '' ? [] : [{ type: 'text-delta', text }]
  }

  function cite(found: string): MarkedPart[] {
    const numbers = new Set(found.match(/\d+/g)?.map(Number))
    return [...numbers]
      .filter((passage) => knownPassages.has(passage))
      .map((passage) => ({ type: 'citation', passage, start: null, end: null }))
  }

  function take(final: boolean): MarkedPart[] {
    const parts: MarkedPart[] = []
    const refusal = declineToken.exec(held)
    const usable = refusal === null ? held.length - (final ? 0 : undecidedLength(held, said)) : refusal.index
    let rest = held.slice(0, usable)
    held = held.slice(usable)
    for (let found = marker.exec(rest); found !== null; found = marker.exec(rest)) {
      const before = rest.slice(0, found.index)
      const isCode = insideCode(said + before)
      parts.push(...say(isCode ? before + found[0] : before), ...(isCode ? [] : cite(found[0])))
      rest = rest.slice(found.index + found[0].length)
    }
    parts.push(...say(rest))
    if (refusal !== null) {
      declined = true
      parts.push({ type: 'decline', reason: declineTokens[refusal[1] as keyof typeof declineTokens] })
    }
    return mergeText(parts)
  }

  return {
    read(delta) {
      if (declined) return []
      held += delta
      return take(false)
    },
    end() {
      return declined ? [] : take(true)
    },
  }
}

/** Length of the tail that may yet turn into a marker or a decline token. */
function undecidedLength(text: string, said: string): number {
  const openMarker = /\s*(?:\[[\s\d,;]{0,40})?$/.exec(text)?.[0].length ?? 0
  const start = said.trim() === '' ? (/^[\s*_`"']*/.exec(text)?.[0].length ?? 0) : 0
  const decoration = start === text.length ? text.length : 0
  return Math.max(openMarker, decoration, halfToken(text))
}

function halfToken(text: string): number {
  const word = /[\s*_`"']*\b[A-Z_]+$/.exec(text)
  if (word === null) return 0
  const letters = word[0].replace(/^[\s*_`"']+/, '')
  return tokens.some((token) => token.startsWith(letters)) ? word[0].length : 0
}

function insideCode(text: string): boolean {
  const fences = text.split('```')
  if (fences.length % 2 === 0) return true
  const line = fences.at(-1)?.split('\n').at(-1) ?? ''
  return line.split('`').length % 2 === 0
}

function mergeText(parts: MarkedPart[]): MarkedPart[] {
  const merged: MarkedPart[] = []
  for (const part of parts) {
    const last = merged.at(-1)
    if (part.type === 'text-delta' && last?.type === 'text-delta') last.text += part.text
    else merged.push(part)
  }
  return merged
}
