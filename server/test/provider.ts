import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import type { Browser } from './browser.ts'

/** What the provider says of somebody, beside the subject. */
export type ProviderAccount = { email?: string; email_verified?: boolean; name?: string }

export type TestProvider = {
  issuer: string
  client: { client_id: string; client_secret: string }
  /** The accounts by their subject; whoever types a subject is logged in. */
  accounts: Map<string, ProviderAccount>
  close: () => Promise<void>
}

/** A certified OpenID Connect provider on the loopback, with one client that may lead back to below `home`. */
export const startProvider = async (home: string): Promise<TestProvider> => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const accounts = new Map<string, ProviderAccount>()
  const client = { client_id: 'parley', client_secret: 'a secret of the provider/and its client' }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const provider = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: [`${home}/`] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...accounts.get(id) }),
    }),
  })
  // Each workspace has an address of its own, and the tests make them as they go.
  provider.Client.prototype.redirectUriAllowed = (uri: string) => uri.startsWith(`${home}/`)
  server.on('request', provider.callback())
  return {
    issuer,
    client,
    accounts,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const formOf = (page: string): { action: string; prompt: string } => {
  const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
  const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1]
  if (action === undefined || prompt === undefined) throw new Error(`No form of the provider: ${page.slice(0, 500)}`)
  return { action, prompt }
}

/** Logs in at the provider's pages, from the address that the server led to, until it leads away from the provider. */
export const logInAt = async (
  provider: TestProvider,
  browser: Browser,
  { url, subject }: { url: string; subject: string },
): Promise<string> => {
  let at = await browser.follow(url, provider.issuer)
  while (at.page !== undefined) {
    const { action, prompt } = formOf(at.page)
    const body = new URLSearchParams({ prompt, login: subject, password: 'any' })
    at = await browser.follow(new URL(action, at.url).href, provider.issuer, { method: 'POST', body })
  }
  return at.url
}

/** Goes to the provider's first page and gives up there, as its button does. */
export const giveUpAt = async (provider: TestProvider, browser: Browser, url: string): Promise<string> => {
  const { page = '' } = await browser.follow(url, provider.issuer)
  const abort = /href="([^"]+\/abort)"/.exec(page)?.[1]
  if (abort === undefined) throw new Error('The page of the provider has no way out.')
  return (await browser.follow(new URL(abort, provider.issuer).href, provider.issuer)).url
}
