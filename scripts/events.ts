import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { presentEventType } from '../server/src/domain/events/index.ts'
import { eventTypes } from '../server/src/event-types.ts'

const path = fileURLToPath(new URL('../docs/reference/events.md', import.meta.url))

const emitted = eventTypes.filter(({ status }) => status === 'emitted').map(presentEventType)
const announced = eventTypes.filter(({ status }) => status === 'announced').map(presentEventType)

const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``

const aliasLine = (aliases: readonly string[]): string[] =>
  aliases.length === 0
    ? []
    : [`${aliases.length === 1 ? 'Alias' : 'Aliases'}: ${aliases.map((one) => `\`${one}\``).join(', ')}.`]

const section = (heading: string, { type, description, aliases, example }: (typeof emitted)[number]): string =>
  [
    `${heading} ${type}`,
    [description, ...aliasLine(aliases)].join('\n'),
    ...(example === null ? [] : [json(example.data)]),
  ].join('\n\n')

const anchorOf = (type: string): string => type.replaceAll('.', '')

const row = ({ type, description }: (typeof emitted)[number]): string =>
  `| [\`${type}\`](#${anchorOf(type)}) | ${description.replaceAll('|', '\\|')} |`

const page = `# Event reference

Every event has the same envelope; only \`data\` differs by type.
The [guide](../guide/events.md) explains the log, and [Webhooks](../guide/webhooks.md) how events are delivered.
\`GET /v1/event-types\` answers what stands here, with the JSON Schema of each event; both come from the declarations that the server itself uses.

## Envelope

${json({ ...emitted.find(({ type }) => type === 'contact.created')?.example, data: {} })}

| Field | Meaning |
| --- | --- |
| \`id\`, \`event_id\` | The id of the event. |
| \`type\`, \`event\` | The event type. Always the type itself, also where a webhook subscribed to an alias. |
| \`created_at\`, \`timestamp\` | When it was recorded. |
| \`workspace_id\` | The workspace. |
| \`api_version\` | The version of the shape of \`data\`. |
| \`sequence\` | Counts the events of the workspace from 1 without a gap; 0 for a test delivery. |
| \`data\` | As described below. New fields may be added; ignore those you do not know. |

A subscription or a filter may name a type, an alias, a family such as \`contact.*\`, or \`*\`.

## All events

| Type | When it fires |
| --- | --- |
${emitted.map(row).join('\n')}

${emitted.map((event) => section('##', event)).join('\n\n')}

## Announced events

These names can be subscribed to today. This version records none of them, and what their \`data\` holds is not settled.

${announced.map((event) => section('###', event)).join('\n\n')}
`

const counts = `${emitted.length} events, ${announced.length} announced`

if (!process.argv.includes('--check')) {
  writeFileSync(path, page)
  console.log(`docs/reference/events.md: ${counts}`)
} else if (readFileSync(path, 'utf8') === page) {
  console.log(counts)
} else {
  console.error('docs/reference/events.md does not describe the events any more. Run `npm run events` and commit it.')
  process.exitCode = 1
}
