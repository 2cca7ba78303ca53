import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'parley-released-'))
after(() => rmSync(folder, { recursive: true }))

type Schema = { properties: Record<string, { enum?: string[] } | { type: string }>; required?: string[] }
type Parameter = { name: string; in: string; required?: boolean; schema: { type?: string; enum?: string[] } }
type Operation = {
  'x-scope': string
  parameters: Parameter[]
  requestBody: { content: Record<string, { schema: Schema }> }
  responses: Record<string, object>
}
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } }

const compare = (change: (document: Document) => void) => {
  const document = JSON.parse(readFileSync(join(root, 'docs/reference/released/openapi-0.1.0.json'), 'utf8'))
  change(document)
  const path = join(folder, 'openapi.json')
  writeFileSync(path, JSON.stringify(document))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/released.ts', path], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

const contact = ({ components }: Document): Schema => components.schemas.Contact!
const operation = ({ paths }: Document, method: string): Operation => paths['/v1/contacts']![method]!
const parameter = ({ paths }: Document, path: string, name: string): Parameter =>
  paths[path]!.get!.parameters.find((one) => one.name === name)!
const input = (document: Document): Schema =>
  operation(document, 'post').requestBody.content['application/json']!.schema

const breaks: [string, RegExp, (document: Document) => void][] = [
  [
    'a field that answers had is gone',
    /property-removed/,
    (document) => {
      delete contact(document).properties.company
      contact(document).required = contact(document).required!.filter((name) => name !== 'company')
    },
  ],
  [
    'an optional input became required',
    /Properties became required: `company`/,
    (document) => {
      input(document).required = ['company']
    },
  ],
  [
    'a query parameter is gone',
    /`search` query parameter was removed/,
    (document) => {
      const { parameters } = operation(document, 'get')
      parameters.splice(parameters.indexOf(parameter(document, '/v1/contacts', 'search')), 1)
    },
  ],
  [
    'a query parameter became required',
    /parameter-became-required/,
    (document) => {
      parameter(document, '/v1/contacts', 'search').required = true
    },
  ],
  [
    'an endpoint is gone',
    /path-removed/,
    ({ paths }) => {
      delete paths['/v1/agents']
    },
  ],
  [
    'an endpoint asks for another scope',
    /GET \/v1\/contacts needed contacts:read, now agents:read/,
    (document) => {
      operation(document, 'get')['x-scope'] = 'agents:read'
    },
  ],
]

for (const [what, reason, change] of breaks)
  test(`a document in which ${what} is refused, with what to do instead`, () => {
    const { status, said } = compare(change)
    assert.equal(status, 1, said)
    assert.match(said, reason)
    assert.match(said, /Keep what was released and add beside it/)
  })

test('a document that only grew is let through', () => {
  const { status, said } = compare((document) => {
    contact(document).properties.nickname = { type: 'string' }
    contact(document).required!.push('nickname')
    input(document).properties.nickname = { type: 'string' }
    operation(document, 'get').parameters.push({ name: 'nickname', in: 'query', schema: { type: 'string' } })
    document.paths['/v1/nicknames'] = { get: { ...operation(document, 'get'), 'x-scope': 'contacts:read' } }
    const { schema } = parameter(document, '/v1/audit-logs', 'action')
    schema.enum!.push(...schema.enum!.map((action) => `${action}_again`))
    const status = document.components.schemas.Conversation!.properties.status as { enum: string[] }
    status.enum.push('snoozed')
  })
  assert.equal(status, 0, said)
  assert.match(said, /0 major, [1-9]/)
})
