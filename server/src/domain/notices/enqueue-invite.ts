import { createHash } from 'node:crypto'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { enqueue } from '../../work/enqueue.ts'
import { countNotice } from './count-notice.ts'
import { inviteContext, newNotice } from './notice-work.ts'

type Invited = { workspaceId: string; id: string; email: string; token: string; now: Date }

// Whoever may invite writes to strangers in the name of this server.
const mostPerDay = 100
const mostPerAddress = 5

/** Queues the mail that brings an invite to its person, its token sealed. False when so many were mailed today already. */
// no event: the invite has recorded its own.
export const enqueueInvite = async (
  tx: Db,
  { workspaceId, id, email, token, now }: Invited,
  { secretBox }: { secretBox: SecretBox },
): Promise<boolean> => {
  const address = `invite ${createHash('sha256').update(email).digest('base64url')}`
  for (const { topic, most } of [
    { topic: address, most: mostPerAddress },
    { topic: 'invites', most: mostPerDay },
  ])
    if ((await countNotice(tx, { workspaceId, topic, now, most })) === null) return false
  const sealed = secretBox.seal(token, inviteContext(id)).toString('base64')
  await enqueue(tx, [newNotice(workspaceId, { about: 'invite', invite_id: id, sealed }, now)])
  return true
}
