import { randomUUID } from 'node:crypto'

const requestIdPattern = /^[\w.:-]{1,128}$/

/** The id a caller gave its request, where it is one; else a new one. */
export const requestIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && requestIdPattern.test(given) ? given : `req_${randomUUID().replaceAll('-', '')}`
