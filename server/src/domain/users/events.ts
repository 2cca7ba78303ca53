import { defineEvent } from '../events/index.ts'
import { Invite, Member, MemberRemovedData } from './contract.ts'

export const memberAdded = defineEvent({
  type: 'member.added',
  description: 'A person accepted an invite and is a member of the workspace.',
  data: Member,
})
export const memberUpdated = defineEvent({
  type: 'member.updated',
  description: 'The role of a member was changed; `data` is the member as they are now.',
  data: Member,
})
export const memberRemoved = defineEvent({
  type: 'member.removed',
  description: 'A person is no member of the workspace any more.',
  data: MemberRemovedData,
})
export const inviteCreated = defineEvent({
  type: 'invite.created',
  description: 'A person was invited. The token of the invite is never in an event.',
  data: Invite,
})

export const memberEvents = [memberAdded, memberUpdated, memberRemoved, inviteCreated]
