import type { z } from 'zod'
import { defineEvent } from '../events/index.ts'
import { Invite, Member, MemberRemovedData } from './contract.ts'

const member: z.input<typeof Member> = {
  user_id: 'usr_01kah3r4zse0ztb0g2k2v2r4q1',
  name: 'Daniel Kmit',
  email: 'daniel@mycompany.com',
  avatar_url: null,
  role: 'agent',
  last_seen_at: null,
  created_at: '2026-03-11T11:22:00.000Z',
}

export const memberAdded = defineEvent({
  type: 'member.added',
  description: 'A person became a member of the workspace: by an invite, or by signing in with its provider.',
  data: Member,
  example: member,
})
export const memberUpdated = defineEvent({
  type: 'member.updated',
  description: 'The role of a member was changed; `data` is the member as they are now.',
  data: Member,
  example: { ...member, role: 'developer', last_seen_at: '2026-03-12T09:05:00.000Z' },
})
export const memberRemoved = defineEvent({
  type: 'member.removed',
  description: 'A person is no member of the workspace any more.',
  data: MemberRemovedData,
  example: { user_id: member.user_id, email: member.email, removed_at: '2026-03-11T11:22:00.000Z' },
})
export const inviteCreated = defineEvent({
  type: 'invite.created',
  description: 'A person was invited. The token of the invite is never in an event.',
  data: Invite,
  example: {
    id: 'inv_01kah3r4zse0ztb0g2k2v2r4q1',
    email: 'daniel@mycompany.com',
    role: 'agent',
    status: 'pending',
    invited_by: 'user:usr_01kah3r4zse0ztb0g2k2v2r4q1',
    created_at: '2026-03-11T11:22:00.000Z',
    expires_at: '2026-03-18T11:22:00.000Z',
    accepted_at: null,
  },
})

export const memberEvents = [memberAdded, memberUpdated, memberRemoved, inviteCreated]
