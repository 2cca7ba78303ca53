import type { z } from 'zod'
import { AppError } from '../base/errors.ts'

const maxListed = 10

type Issue = z.core.$ZodIssue

const pathOf = (issue: Issue): string =>
  issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')

const sentenceOf = (issue: Issue): { param: string; message: string } => {
  const path = pathOf(issue)
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys
      .slice(0, maxListed)
      .map((key) => `'${key.slice(0, 80)}'`)
      .join(', ')
    const param = [path, issue.keys[0]?.slice(0, 80)].filter(Boolean).join('.')
    return {
      param,
      message: `Unknown ${issue.keys.length > 1 ? 'fields' : 'field'} ${names}${path ? ` in '${path}'` : ''}.`,
    }
  }
  const what = path ? `'${path}'` : 'The request'
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return { param: path, message: `${what} is required.` }
  if (issue.code === 'invalid_type') return { param: path, message: `${what} must be of type ${issue.expected}.` }
  if (issue.code === 'invalid_value')
    return { param: path, message: `${what} must be one of: ${issue.values.slice(0, 40).map(String).join(', ')}.` }
  if (issue.code === 'too_big')
    return {
      param: path,
      message: `${what} is too ${issue.origin === 'string' || issue.origin === 'array' ? 'long' : 'large'}: at most ${issue.maximum}.`,
    }
  if (issue.code === 'too_small')
    return {
      param: path,
      message: `${what} is too ${issue.origin === 'string' || issue.origin === 'array' ? 'short' : 'small'}: at least ${issue.minimum}.`,
    }
  return {
    param: path,
    message: `${what} ${issue.message
      .replace(/^Invalid input$/, 'is not valid')
      .replace(/^Invalid /, 'is not a valid ')
      .replace(/\.?$/, '.')}`,
  }
}

/** Parses what a caller sent; throws BAD_REQUEST that names the first fault and lists the rest. */
export const validate = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.slice(0, maxListed).map(sentenceOf)
  const first = faults[0]!
  throw new AppError('BAD_REQUEST', first.message, {
    ...(first.param ? { param: first.param } : {}),
    ...(faults.length > 1 ? { details: { errors: faults } } : {}),
  })
}

/** For query strings and forms, whose text no JSON reader has checked: PostgreSQL stores no U+0000. Throws BAD_REQUEST. */
export const refuseNul = (fields: Record<string, unknown>): Record<string, unknown> => {
  for (const [name, value] of Object.entries(fields))
    if ([name, value].flat().some((text) => typeof text === 'string' && text.includes('\0')))
      throw new AppError('BAD_REQUEST', 'The character U+0000 is not allowed in text.', {
        param: name.replaceAll('\0', '').slice(0, 80),
      })
  return fields
}
