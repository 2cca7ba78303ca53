import { generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Json = Record<string, unknown>

export type TestIssuer = {
  issuer: string
  client: { client_id: string; client_secret: string }
  /** What is asked at each path, in order. */
  asked: string[]
  /** Instead of what it would say at a path, with status 200 and as JSON. */
  say: (path: string, body: Json) => void
  /** Takes a request away from it altogether. */
  answer: (path: string, respond: (request: IncomingMessage, response: ServerResponse) => void) => void
  /** An id token of its own making, right unless the header, the claims or the key say otherwise. */
  idToken: (claims?: Json, made?: { header?: Json; key?: KeyObject | null }) => string
  close: () => Promise<void>
}

const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const newKey = () => generateKeyPairSync('rsa', { modulusLength: 2_048 })

/** A key that no issuer of a test has published. */
export const strangerKey = (): KeyObject => newKey().privateKey

/** A provider that says whatever a test wants it to, for answers that no honest one would give. */
export const startIssuer = async (): Promise<TestIssuer> => {
  const { privateKey, publicKey } = newKey()
  const client = { client_id: 'parley', client_secret: 'secret' }
  const asked: string[] = []
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  const said = new Map<string, Json>()
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0]!
    asked.push(path)
    const answer = answers.get(path)
    if (answer) return answer(request, response)
    const body = said.get(path)
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body ?? { error: 'not_found' }))
  })
  // Whoever forgets to close it must not wait for it.
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  said.set('/.well-known/openid-configuration', {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    // As wide as a metadata document can lie.
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
  })
  said.set('/keys', { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' }] })

  const idToken: TestIssuer['idToken'] = (claims = {}, { header = {}, key = privateKey } = {}) => {
    const now = Math.floor(Date.now() / 1_000)
    const payload = { iss: issuer, aud: client.client_id, sub: 'ada', iat: now, exp: now + 300, ...claims }
    const signed = `${encode({ alg: 'RS256', kid: 'one', ...header })}.${encode(payload)}`
    return `${signed}.${key ? signBytes('sha256', Buffer.from(signed), key).toString('base64url') : ''}`
  }

  return {
    issuer,
    client,
    asked,
    say: (path, body) => void said.set(path, body),
    answer: (path, respond) => void answers.set(path, respond),
    idToken,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
