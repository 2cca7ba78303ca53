import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { Account } from './contract.ts'

const client: z.input<typeof Account> = {
  id: 'ws_01kah3r4zse0ztb0g2k2v2r4q1',
  name: 'Northwind Dental',
  mode: 'live',
  plan: { id: 'starter', label: 'Starter' },
  status: 'active',
  sandbox_of: null,
  parent_id: 'ws_01kah3q9m2e0ztb0g2k2v2r4q0',
  reference: 'client-42',
  metadata: {},
  created_at: '2026-03-11T11:22:00.000Z',
  updated_at: '2026-03-11T11:22:00.000Z',
}

export const accountCreated = defineEvent({
  type: 'account.created',
  description: 'An agency made an account for a client. Told to the agency alone, as all events of accounts are.',
  data: Account,
  example: client,
})
export const accountUpdated = defineEvent({
  type: 'account.updated',
  description: 'The name, plan, reference or metadata of an account was changed; `data` is the account as it is now.',
  data: Account,
  example: client,
})
export const accountSuspended = defineEvent({
  type: 'account.suspended',
  description: 'An agency suspended the account of a client.',
  data: Account,
  example: { ...client, status: 'suspended' },
})
export const accountResumed = defineEvent({
  type: 'account.resumed',
  description: 'An agency made the suspended account of a client active again.',
  data: Account,
  example: client,
})

export const accountEvents = [accountCreated, accountUpdated, accountSuspended, accountResumed]
