import { requireUser } from '../../domain/context.ts'
import { updateMe } from '../../domain/sessions/index.ts'
import {
  ConfirmTotp,
  confirmTotp,
  DisableTotp,
  disableTotp,
  EnrolTotp,
  enrolTotp,
  getMe,
  Me,
  RecoveryCodes,
  TotpEnrolment,
  UpdateMe,
} from '../../domain/users/index.ts'
import { created, defineEndpoint, noContent, ok } from '../endpoint.ts'

const tag = 'Users'

export const userEndpoints = [
  defineEndpoint({
    id: 'users_get_me',
    method: 'GET',
    path: '/v1/users/me',
    access: 'any_key',
    tag,
    summary: 'Read who you are, with plan and quota',
    description: 'With an API key: the owner of its workspace.',
    responses: { 200: Me },
    errors: [404],
    handler: async ({ ctx, deps }) => ok(await getMe(ctx, { system: deps.database.system })),
  }),
  defineEndpoint({
    id: 'users_update_me',
    method: 'PATCH',
    path: '/v1/users/me',
    access: 'session',
    tag,
    summary: 'Change your own account',
    description:
      'Fields that are absent stay as they are. A new password needs the present one, and ends your other sessions.',
    body: UpdateMe,
    responses: { 200: Me },
    errors: [503],
    idempotency: 'outside',
    handler: async ({ ctx, body, deps, once, address }) => {
      const me = await updateMe(
        ctx,
        { ...body, address },
        { ...deps, system: deps.database.system, remember: (tx, me) => once.remember(tx, ok(me)) },
      )
      deps.sessionCache.forgetUser(requireUser(ctx).id)
      return ok(me)
    },
  }),
  defineEndpoint({
    id: 'users_enrol_totp',
    method: 'POST',
    path: '/v1/users/me/totp',
    access: 'session',
    tag,
    summary: 'Begin two-factor sign-in',
    description: 'Answers a secret for an authenticator app. It is in force once a code confirms it.',
    body: EnrolTotp,
    responses: { 201: TotpEnrolment },
    errors: [409, 503],
    idempotency: 'outside',
    answersSecret: true,
    handler: async ({ ctx, body, deps, once, address }) => {
      const outside = {
        ...deps,
        system: deps.database.system,
        issuer: deps.settings.webhookHeaderBrand,
        remember: (tx: typeof ctx.db, enrolment: unknown) => once.remember(tx, created(enrolment)),
      }
      return created(await enrolTotp(ctx, { ...body, address }, outside))
    },
  }),
  defineEndpoint({
    id: 'users_confirm_totp',
    method: 'POST',
    path: '/v1/users/me/totp/confirm',
    access: 'session',
    tag,
    summary: 'Turn two-factor sign-in on',
    description: 'Needs a code of the app, and answers ten recovery codes.',
    body: ConfirmTotp,
    responses: { 200: RecoveryCodes },
    errors: [409],
    idempotency: 'outside',
    answersSecret: true,
    handler: async ({ ctx, body, deps, once }) =>
      ok(
        await confirmTotp(ctx, body.code, {
          ...deps,
          system: deps.database.system,
          remember: (tx, codes) => once.remember(tx, ok(codes)),
        }),
      ),
  }),
  defineEndpoint({
    id: 'users_disable_totp',
    method: 'POST',
    path: '/v1/users/me/totp/disable',
    access: 'session',
    tag,
    summary: 'Turn two-factor sign-in off',
    description: 'Needs the password and a code, or a recovery code.',
    body: DisableTotp,
    responses: { 204: null },
    errors: [409, 503],
    idempotency: 'outside',
    handler: async ({ ctx, body, deps, once, address }) => {
      await disableTotp(
        ctx,
        { ...body, address },
        { ...deps, system: deps.database.system, remember: (tx) => once.remember(tx, noContent()) },
      )
      return noContent()
    },
  }),
]
