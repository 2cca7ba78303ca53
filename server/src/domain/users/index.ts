export { addMember } from './add-member.ts'
export { createUser } from './create-user.ts'
