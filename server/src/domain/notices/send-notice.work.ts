import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { type Mail, MailError, type Mailer } from '../../base/mailer.ts'
import type { SecretBox } from '../../base/secret-box.ts'
import type { Db } from '../../database/open.ts'
import { type Again, defineWorkKind, type Finished, type WorkItem, type WorkKind } from '../../work/work-kind.ts'
import { eventNotices } from './event-notices.ts'
import { findRecipients } from './find-recipients.ts'
import { type Letter, type Place, renderLetter } from './letter.ts'
import { writeInvite } from './letters/invite.ts'
import { inviteContext, NoticeWork, noticeKind } from './notice-work.ts'

type Outside = {
  clock: Clock
  log: Log
  mailer: Mailer
  secretBox: SecretBox
  settings: { publicUrl: string }
  /** For tests: seconds before each further attempt. */
  retrySeconds?: readonly number[]
}

type Outcome = { end: 'sent' | 'postponed' | 'interrupted' } | { end: 'failed'; error: MailError }

const window = 2
// Servers count connections. What finds no place stands aside: a lane that waits for one would keep webhooks from theirs.
const sendingAtMost = 8
const postponeMs = 5_000
// Five minutes are what a server that takes strangers only at the second try wants to see; then more than two days.
const defaultRetrySeconds = [60, 300, 900, 3_600, 14_400, 43_200, 86_400, 86_400]
// What waited longer, as after mail was turned off for a while, is no news.
const newsForMs = 4 * 86_400_000

type Addressed = { to: string; letter: Letter }
type About<Kind> = Extract<NoticeWork['about'], { about: Kind }>

/** Mails notices: one item is one mail to one person, with one Message-ID however often it is tried. */
export const createNoticeKind = (outside: Outside): WorkKind => {
  const { clock, log, mailer, secretBox, settings, retrySeconds = defaultRetrySeconds } = outside
  let sending = 0

  // An invite that was withdrawn, replaced, accepted or that is over is not mailed any more.
  const addressInvite = async (
    db: Db,
    { workspaceId }: WorkItem,
    { invite_id, sealed }: About<'invite'>,
    place: Place,
  ): Promise<Addressed | null> => {
    const row = await db
      .selectFrom('invites')
      .select(['email', 'role', 'expires_at'])
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', invite_id)
      .where('accepted_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', clock.now())
      .executeTakeFirst()
    if (!row) return null
    const token = secretBox.open(Buffer.from(sealed, 'base64'), inviteContext(invite_id)).toString()
    return { to: row.email, letter: writeInvite({ token, role: row.role, expiresAt: row.expires_at }, place) }
  }

  // Nor is anybody who is no longer concerned.
  const addressEvent = async (
    db: Db,
    { workspaceId }: WorkItem,
    { type, data, user_id, is_last }: About<'event'>,
    place: Place,
  ): Promise<Addressed | null> => {
    const person = (await findRecipients(db, [workspaceId])).find((recipient) => recipient.user_id === user_id)
    const notice = eventNotices[type]
    if (!person || !notice) return null
    const { subject, parts } = notice.write(data, place)
    const last =
      'So much has happened today that nothing more is mailed until tomorrow, in UTC; the event log has it all.'
    const why = `You get this as an owner or admin, by the Parley server at ${place.publicUrl}.`
    return { to: person.email, letter: { subject, parts: [...parts, ...(is_last ? [last] : []), why] } }
  }

  const prepareOne = async (db: Db, item: WorkItem): Promise<Mail | null> => {
    const { about, queued_at } = NoticeWork.parse(JSON.parse(item.payload))
    if (clock.now().getTime() - Date.parse(queued_at) > newsForMs) return null
    const { name } = await db
      .selectFrom('workspaces')
      .select('name')
      .where('id', '=', item.workspaceId)
      .executeTakeFirstOrThrow()
    const place = { name, publicUrl: settings.publicUrl }
    const addressed =
      about.about === 'invite'
        ? await addressInvite(db, item, about, place)
        : await addressEvent(db, item, about, place)
    return addressed && { id: item.id, to: addressed.to, ...renderLetter(addressed.letter) }
  }

  const run = async (mail: Mail, signal: AbortSignal): Promise<Outcome> => {
    if (sending >= sendingAtMost) return { end: 'postponed' }
    sending++
    try {
      await mailer.send(mail, signal)
      return { end: 'sent' }
    } catch (error) {
      if (signal.aborted) return { end: 'interrupted' }
      if (error instanceof MailError) return { end: 'failed', error }
      throw error
    } finally {
      sending--
    }
  }

  const tryAgain = (item: WorkItem, error: MailError): Again | undefined => {
    const work = NoticeWork.parse(JSON.parse(item.payload))
    const seconds = error.isFinal ? undefined : retrySeconds[work.failures]
    const { code, status, message } = error
    const told = { workspace_id: item.workspaceId, item: item.id, code, status, reason: message }
    if (seconds === undefined) {
      log.error(told, 'a notice could not be mailed and was given up')
      return undefined
    }
    log.warn(told, 'a notice could not be mailed and will be tried again')
    const payload = JSON.stringify({ ...work, failures: work.failures + 1 })
    return { id: item.id, dueAt: new Date(clock.now().getTime() + seconds * 1_000), band: 1, payload }
  }

  const againOf = ({ item, result, stale }: Finished<Outcome>): Again | undefined => {
    if (stale || result.end === 'sent') return undefined
    if (result.end === 'failed') return tryAgain(item, result.error)
    const waitMs = result.end === 'postponed' ? postponeMs : 0
    return { id: item.id, dueAt: new Date(clock.now().getTime() + waitMs), band: item.band }
  }

  return defineWorkKind<Mail, Outcome>({
    kind: noticeKind,
    window,
    prepare: async (db, items) => {
      const mails: (Mail | null)[] = []
      for (const item of items) mails.push(await prepareOne(db, item))
      return mails
    },
    run: (_item, mail, signal) => run(mail, signal),
    settle: async (_tx, finished) => finished.flatMap((one) => againOf(one) ?? []),
  })
}
