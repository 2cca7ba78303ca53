import { setTimeout as sleep } from 'node:timers/promises'
import type { Model, ModelPart, ModelRequest } from '../model.ts'

/** Waits before the next part; cut short by the request's signal. */
export type ScriptedDelay = { type: 'delay'; ms: number }

/** A part to say, a pause, or a failure to throw. `finish` is added where the script has none. */
export type ScriptedStep = ModelPart | ScriptedDelay | Error

export type Script =
  | { question: string | RegExp; steps: ScriptedStep[] }[]
  | ((request: ModelRequest) => ScriptedStep[])

const finish = { type: 'finish', confidence: 1, usage: { promptTokens: 0, completionTokens: 0 } } as const

/**
 * Says what the script says. In a list the first entry whose question is contained in (or matches) the asked one wins;
 * a question no entry names is declined as `not_covered`.
 */
export function createScriptedModel(script: Script): Model {
  return {
    mode: 'scripted',
    name: 'scripted',
    async *answer(request) {
      for (const step of withFinish(stepsFor(script, request))) {
        if (request.signal.aborted) return
        if (step instanceof Error) throw step
        if (step.type === 'delay') await sleep(step.ms, undefined, { signal: request.signal }).catch(() => undefined)
        else yield step
      }
    },
  }
}

function stepsFor(script: Script, request: ModelRequest): ScriptedStep[] {
  if (typeof script === 'function') return script(request)
  const entry = script.find(({ question }) =>
    typeof question === 'string'
      ? request.question.toLowerCase().includes(question.toLowerCase())
      : question.test(request.question),
  )
  return (
    entry?.steps ?? [
      { type: 'decline', reason: 'not_covered' },
      { ...finish, confidence: 0 },
    ]
  )
}

function withFinish(steps: ScriptedStep[]): ScriptedStep[] {
  const ends = steps.some((step) => step instanceof Error || step.type === 'finish')
  return ends ? steps : [...steps, finish]
}
