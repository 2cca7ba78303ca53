const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: '`Authorization: Bearer ply_live_…`' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  widgetKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      '`Authorization: Bearer ply_widget_…`, from a page on an allowed domain of its agent. Only under `/widget/v1`.',
  },
  conversationSecret: {
    type: 'http',
    scheme: 'bearer',
    description: '`Authorization: Bearer cvs_…`, one visitor’s right to one conversation. Only under `/widget/v1`.',
  },
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `token` of a login: `Authorization: Bearer eyJ…`. An API key is refused.',
  },
}

const parameters = {
  ParleyWorkspace: {
    name: 'Parley-Workspace',
    in: 'header',
    description:
      'The account of a client to act in. Needs the scope `workspaces:act`, unless it names the own workspace.',
    schema: { type: 'string', examples: ['ws_01h455vb4pex5vsknk084sn02q'] },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'One value a request, kept 24 hours: a repeated request gets the first answer again, with `Idempotency-Replayed: true`.',
    schema: { type: 'string', maxLength: 255 },
  },
}

const headers = {
  RequestId: { description: 'Names this request in logs and in questions to us.', schema: { type: 'string' } },
}

/** What the operations of the OpenAPI document refer to, whatever the endpoints are. */
export const sharedComponents = { securitySchemes, parameters, headers }
