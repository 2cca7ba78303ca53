export { acceptInvite } from './accept-invite.ts'
export { addMember } from './add-member.ts'
export { checkOwnPassword, checkPassword, type Proof } from './check-password.ts'
export { confirmTotp } from './confirm-totp.ts'
export {
  AcceptInvite,
  ConfirmTotp,
  CreateInvite,
  DisableTotp,
  EnrolTotp,
  emailInput,
  Invite,
  Me,
  Member,
  NewInvite,
  passwordInput,
  RecoveryCodes,
  TotpEnrolment,
  totpInput,
  UpdateMe,
  UpdateMember,
} from './contract.ts'
export { createInvite } from './create-invite.ts'
export { createUser, insertUser } from './create-user.ts'
export { disableTotp } from './disable-totp.ts'
export { normalEmail } from './email.ts'
export { enrolTotp } from './enrol-totp.ts'
export { memberEvents } from './events.ts'
export { getMe } from './get-me.ts'
export { joinWorkspace } from './join-workspace.ts'
export { listInvites } from './list-invites.ts'
export { listMembers } from './list-members.ts'
export { createPasswords, type Passwords } from './passwords.ts'
export { presentInvite, presentMember } from './present.ts'
export { type Account, findAccount } from './queries.ts'
export { refuseBeyondOwn } from './refuse-beyond-own.ts'
export { removeMember } from './remove-member.ts'
export { revokeInvite } from './revoke-invite.ts'
export { type Role, roleScopes } from './roles.ts'
export { takeSecondFactor } from './second-factor.ts'
export { hashSecretToken, newSecretToken } from './secret-token.ts'
export { isFirstInWindow, purgeAttempts, takeCodeAttempt } from './take-attempt.ts'
export { takeInviteOf } from './take-invite-of.ts'
export { updateMember } from './update-member.ts'
