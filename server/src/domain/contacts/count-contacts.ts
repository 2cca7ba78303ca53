import { type Ctx, requireScope } from '../context.ts'
import { type ContactFilter, matchingContacts } from './matching-contacts.ts'

/** How many contacts of the workspace `listContacts` finds with this filter. Reads each of them. */
export const countContacts = async (ctx: Ctx, filter: ContactFilter): Promise<number> => {
  requireScope(ctx, 'contacts:read')
  const counted = await matchingContacts(ctx, filter)
    ?.select((eb) => eb.fn.countAll<string>().as('total'))
    .executeTakeFirst()
  return Number(counted?.total ?? 0)
}
