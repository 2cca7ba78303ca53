import { createHash } from 'node:crypto'
import type { SecretBox } from '../../base/secret-box.ts'
import { acrossWorkspaces } from '../../database/across-workspaces.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import { countNotice } from './count-notice.ts'
import { inviteContext, newNotice } from './notice-work.ts'

type Invited = { workspaceId: string; id: string; email: string; token: string; now: Date }

// Whoever may invite writes to strangers in the name of this server.
const mostPerDay = 100
const mostPerAddress = 5
// An agency can make accounts by the thousand, and each of them invites.
const mostOfAccounts = 1_000

const agencyOf = async (tx: Db, workspaceId: string): Promise<string | null> => {
  const row = await tx.selectFrom('workspaces').select('parent_id').where('id', '=', workspaceId).executeTakeFirst()
  return row?.parent_id ?? null
}

const isWithin = async (
  tx: Db,
  { email, now }: Invited,
  counted: { workspaceId: string; all: string; most: number },
): Promise<boolean> => {
  const { workspaceId, all, most } = counted
  const address = `invite ${createHash('sha256').update(email).digest('base64url')}`
  for (const count of [
    { topic: address, most: mostPerAddress },
    { topic: all, most },
  ])
    if ((await countNotice(tx, { workspaceId, now, ...count })) === null) return false
  return true
}

/**
 * Queues the mail that brings an invite to its person, its token sealed. False when so many were mailed today already, by the
 * workspace or by all accounts of its agency.
 */
// no event: the invite has recorded its own.
export const enqueueInvite = async (
  tx: Db,
  invited: Invited,
  { secretBox }: { secretBox: SecretBox },
): Promise<boolean> => {
  const { workspaceId, id, token, now } = invited
  if (!(await isWithin(tx, invited, { workspaceId, all: 'invites', most: mostPerDay }))) return false
  const agencyId = await agencyOf(tx, workspaceId)
  const ofAccounts = { all: 'invites of accounts', most: mostOfAccounts }
  if (
    agencyId !== null &&
    !(await acrossWorkspaces(tx, () => isWithin(tx, invited, { workspaceId: agencyId, ...ofAccounts })))
  )
    return false
  const sealed = secretBox.seal(token, inviteContext(id)).toString('base64')
  await enqueue(tx, [newNotice(workspaceId, { about: 'invite', invite_id: id, sealed }, now)])
  return true
}
