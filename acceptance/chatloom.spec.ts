import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { installParley, type Parley } from './parley.ts'

// Every client here is written from chatloom's published page alone; only the base URL is another.

const run = promisify(execFile)

let parley: Parley
let key = ''
let base = ''
const made: string[] = []

before(async () => {
  parley = await installParley({ PARLEY_KEY_BRAND: 'clf', PARLEY_TRUSTED_PROXIES: '127.0.0.1' })
  await parley.start()
  key = (await parley.credentials()).live_key
  base = parley.baseUrl
  for (const name of ['Sales Assistant', 'Support Assistant']) {
    const { status, body } = await parley.call('POST', '/v1/agents', {
      key,
      body: {
        name,
        appearance: {
          primary_color: '#611F69',
          secondary_color: '#764ba2',
          position: 'bottom-right',
          template: 'modern',
        },
      },
    })
    assert.equal(status, 201)
    made.push(body.id)
  }
  for (const domain of ['example.com', 'support.example.com'])
    await parley.call('POST', `/v1/agents/${made[0]}/allowed-domains`, { key, body: { domain } })
})

after(async () => {
  await parley.remove()
})

const positions = ['bottom-right', 'bottom-left', 'top-right', 'top-left']

const assertAgents = ({ agents, count, ...rest }: any): void => {
  assert.deepEqual(rest, {})
  assert.equal(count, agents.length)
  const times = agents.map(({ createdAt }: any) => createdAt)
  assert.deepEqual(times, [...times].sort().reverse(), 'newest first')
  for (const agent of agents) {
    assert.deepEqual(
      Object.keys(agent),
      'id name primaryColor secondaryColor position template status createdAt'.split(' '),
    )
    assert.match(agent.id, /^agt_/)
    assert.match(agent.primaryColor, /^#[0-9a-f]{6}$/i)
    assert.match(agent.secondaryColor, /^#[0-9a-f]{6}$/i)
    assert.ok(positions.includes(agent.position))
    assert.equal(new Date(agent.createdAt).toISOString(), agent.createdAt)
  }
  assert.deepEqual(
    agents.slice(0, 2).map(({ id }: any) => id),
    [...made].reverse(),
  )
  const { createdAt, ...sales } = agents[1]
  assert.deepEqual(sales, {
    id: made[0],
    name: 'Sales Assistant',
    primaryColor: '#611F69',
    secondaryColor: '#764ba2',
    position: 'bottom-right',
    template: 'modern',
    status: 'active',
  })
}

test('the quick start’s curl line lists the agents', async () => {
  const line = `curl -s ${base}/api/plugin/agents \\
-H "Authorization: Bearer ${key}"`
  const { stdout } = await run('sh', ['-c', line])
  assertAgents(JSON.parse(stdout))
})

test('the printed fetch client counts the agents', async () => {
  const env = { CHATLOOM_API_KEY: key }
  // biome-ignore format: as it is printed.
  const client = async (CHATLOOM_API_KEY: string): Promise<any> => {
    const response = await fetch(`${base}/api/plugin/agents`, {
      headers: {
        Authorization: `Bearer ${CHATLOOM_API_KEY}`,
      },
    })
    if (!response.ok) {
      throw new Error(`Chatloom API ${response.status}`)
    }
    const { agents, count } = await response.json() as any
    return { agents, count }
  }
  assertAgents(await client(env.CHATLOOM_API_KEY))
  await assert.rejects(client('clf_your_api_key_here'), { message: 'Chatloom API 401' })
})

test('what a requests client sends with X-API-Key is answered alike', async () => {
  const sent = request(`${base}/api/plugin/agents`, {
    headers: {
      'User-Agent': 'python-requests/2.32.3',
      'Accept-Encoding': 'gzip, deflate, br, zstd',
      Accept: '*/*',
      Connection: 'keep-alive',
      'X-API-Key': key,
    },
  })
  sent.end()
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200)
  assert.match(response.headers['content-type'], /^application\/json/)
  assertAgents(JSON.parse(Buffer.concat(await response.toArray()).toString()))
})

test('the allowed domains come oldest first, and another’s agent is not found', async () => {
  const line = `curl -s ${base}/api/plugin/agents/${made[0]}/allowed-domains \\
-H "Authorization: Bearer ${key}"`
  const { stdout } = await run('sh', ['-c', line])
  assert.deepEqual(JSON.parse(stdout), { domains: ['example.com', 'support.example.com'] })
  const domainsOf = (id: string, by = key) =>
    parley.call('GET', `/api/plugin/agents/${id}/allowed-domains`, { key: by })
  assert.deepEqual((await domainsOf(made[1]!)).body, { domains: [] })
  const { sandbox_key } = await parley.credentials()
  for (const missing of [
    await domainsOf('agt_abc123'),
    await domainsOf('agt_01h455vb4pex5vsknk084sn02q'),
    await domainsOf(made[0]!, sandbox_key),
  ]) {
    assert.equal(missing.status, 404)
    assert.deepEqual(Object.keys(missing.body), ['error'])
    assert.equal(typeof missing.body.error, 'string')
  }
})

test('an error is one text, and a missing key is told of in the printed words', async () => {
  const agents = (options: object) => parley.call('GET', '/api/plugin/agents', { key: null, ...options })
  const missing = await agents({})
  assert.equal(missing.status, 401)
  assert.deepEqual(missing.body, {
    error: 'API key is required. Please provide it in Authorization or X-API-Key header.',
  })
  const headers: Record<string, string>[] = [
    { authorization: 'Bearer clf_your_api_key_here' },
    { 'x-api-key': 'clf_your_api_key_here' },
    { 'x-api-key': key.replace('clf_', 'xyz_') },
    { authorization: key },
  ]
  for (const wrong of headers) {
    const { status, body } = await agents({ headers: wrong })
    assert.equal(status, 401)
    assert.deepEqual(Object.keys(body), ['error'])
  }
  const { sandbox_key } = await parley.credentials()
  const both = await agents({ key, headers: { 'x-api-key': sandbox_key } })
  assert.equal(both.status, 400)
  assert.match(both.body.error, /X-API-Key/)
  const nowhere = await parley.call('GET', '/api/plugin/nothing-here', { key })
  assert.equal(nowhere.status, 404)
  assert.equal(typeof nowhere.body.error, 'string')
  const problem = await agents({ headers: { accept: 'application/problem+json' } })
  assert.deepEqual(problem.body, missing.body)
})

test('plain http is redirected to https', async () => {
  const response = await fetch(`${base}/api/plugin/agents?a=b`, {
    headers: { 'x-forwarded-proto': 'http' },
    redirect: 'manual',
  })
  assert.equal(response.status, 308)
  assert.equal(response.headers.get('location'), `https://${new URL(base).host}/api/plugin/agents?a=b`)
  const canonical = await parley.call('GET', '/v1/agents', { headers: { 'x-forwarded-proto': 'http' } })
  assert.equal(canonical.status, 426)
})

test('a key begins with clf_, and the old one stops the moment it is rotated', async () => {
  const minted = await parley.call('POST', '/v1/api-keys', { key, body: { name: 'Panel', scopes: ['agents:read'] } })
  assert.match(minted.body.key, /^clf_/)
  const statusWith = async (used: string) => (await parley.call('GET', '/api/plugin/agents', { key: used })).status
  assert.equal(await statusWith(minted.body.key), 200)
  const rotated = await parley.call('POST', `/v1/api-keys/${minted.body.id}/rotate`, { key, body: {} })
  assert.equal(rotated.status, 201)
  assert.deepEqual([await statusWith(minted.body.key), await statusWith(rotated.body.key)], [401, 200])
})
