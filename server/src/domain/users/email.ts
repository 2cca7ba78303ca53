/** The one spelling of an e-mail address that accounts, invites and limits go by. */
export const normalEmail = (email: string): string => email.trim().toLowerCase()
