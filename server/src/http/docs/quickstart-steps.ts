type Json = string | number | boolean | Json[] | { [name: string]: Json }

/**
 * One request of the quickstart page. `{name}` in its path and body stands for an answer of the reader or for what an
 * earlier step kept. Places in an answer are written with dots: `citations.0.quote`.
 */
export type QuickstartStep = {
  id: string
  title: string
  text: string
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: { [name: string]: Json }
  /** What the reader may change before the request is sent. */
  asks?: { name: string; label: string; value: string }[]
  /** The status of success. */
  status: number
  /** What later steps need of the answer: name → place. */
  keeps?: Record<string, string>
  /** The request is sent again until its answer holds this value at this place. */
  until?: { at: string; is: string }
  /** What to look at in the answer. */
  shows?: { label: string; at: string }[]
}

/** The quickstart that runs in the browser; the page, its script and the acceptance spec know no other list. */
export const quickstartSteps: readonly QuickstartStep[] = [
  {
    id: 'ask',
    title: 'Ask a question',
    text: 'The sandbox has an agent that knows the guide of Parley. It answers with what it read there, and cites the place.',
    method: 'POST',
    path: '/v1/chat',
    body: { message: '{question}' },
    asks: [{ name: 'question', label: 'Question', value: 'How do I verify a webhook signature?' }],
    status: 200,
    shows: [
      { label: 'Answer', at: 'content' },
      { label: 'Source', at: 'citations.0.title' },
      { label: 'Quote', at: 'citations.0.quote' },
      { label: 'Handed over', at: 'handoff.reason' },
    ],
  },
  {
    id: 'contact',
    title: 'Add a contact',
    text: 'A contact is a person whom the company talks with.',
    method: 'POST',
    path: '/v1/contacts',
    body: { name: '{name}', email: '{email}', tags: ['prospect'] },
    asks: [
      { name: 'name', label: 'Name', value: 'Alex Johnson' },
      { name: 'email', label: 'E-mail', value: 'alex@acmecorp.com' },
    ],
    status: 201,
    keeps: { contact_id: 'id' },
    shows: [{ label: 'Contact', at: 'id' }],
  },
  {
    id: 'event',
    title: 'See its event',
    text: 'Whatever happens is written into a log, numbered without a gap. An event is there milliseconds after its change.',
    method: 'GET',
    path: '/v1/events?type=contact.created&subject={contact_id}',
    status: 200,
    until: { at: 'data.0.type', is: 'contact.created' },
    shows: [
      { label: 'Event', at: 'data.0.type' },
      { label: 'Number', at: 'data.0.sequence' },
    ],
  },
  {
    id: 'source',
    title: 'Give it knowledge of your own',
    text: 'A knowledge source is what agents may quote: a text here, and elsewhere files, pages and whole sites.',
    method: 'POST',
    path: '/v1/knowledge-sources',
    body: { type: 'text', name: 'Refund policy', content: '{content}' },
    asks: [
      {
        name: 'content',
        label: 'Text',
        value: 'Refunds are paid within 14 days of the return. The customer pays for the return parcel.',
      },
    ],
    status: 201,
    keeps: { source_id: 'id' },
    shows: [{ label: 'Status', at: 'status' }],
  },
  {
    id: 'ready',
    title: 'Wait until it is read',
    text: 'Sources are read in the background. This asks again until the source is ready.',
    method: 'GET',
    path: '/v1/knowledge-sources/{source_id}',
    status: 200,
    until: { at: 'status', is: 'ready' },
    shows: [{ label: 'Status', at: 'status' }],
  },
  {
    id: 'chat',
    title: 'Chat as your contact',
    text: 'The same question as a customer would ask it, in a conversation that is kept under the contact.',
    method: 'POST',
    path: '/v1/chat',
    body: { message: '{customer_question}', contact_id: '{contact_id}' },
    asks: [{ name: 'customer_question', label: 'Question', value: 'When are refunds paid?' }],
    status: 200,
    keeps: { conversation_id: 'conversation_id' },
    shows: [
      { label: 'Answer', at: 'content' },
      { label: 'Source', at: 'citations.0.source_name' },
      { label: 'Handed over', at: 'handoff.reason' },
    ],
  },
  {
    id: 'webhook',
    title: 'Create a webhook',
    text: 'Events are posted to its URL, signed with the secret that the answer shows this once. A sandbox webhook may use http and the machine of the server.',
    method: 'POST',
    path: '/v1/webhooks',
    body: { url: '{webhook_url}', events: ['*'] },
    asks: [{ name: 'webhook_url', label: 'Your URL', value: 'http://127.0.0.1:4000/hook' }],
    status: 201,
    keeps: { webhook_id: 'id' },
    shows: [{ label: 'Webhook', at: 'id' }],
  },
  {
    id: 'test',
    title: 'Send it a test event',
    text: 'The answer shows the signed request as it was sent, and what came back. Where nothing listens at your URL, it says so.',
    method: 'POST',
    path: '/v1/webhooks/{webhook_id}/test',
    status: 200,
    shows: [
      { label: 'Delivered', at: 'delivered' },
      { label: 'Answered with', at: 'response.status' },
      { label: 'Failed because', at: 'error.message' },
      { label: 'Signature', at: 'request.headers.webhook-signature' },
    ],
  },
  {
    id: 'clean-up',
    title: 'Delete the webhook',
    text: 'So that nothing is sent to a URL where nobody listens. The rest stays in the sandbox.',
    method: 'DELETE',
    path: '/v1/webhooks/{webhook_id}',
    status: 204,
  },
]
