const pauseMs = 300
const patienceMs = 20_000
const keyPattern = /^[a-z0-9]+_(live|test)_[0-9A-Za-z]{36}$/

/** The reader's key and what the steps kept: here and nowhere else. */
const state = { key: '', values: new Map() }

const steps = [...document.querySelectorAll('[data-step]')].map((element) => ({
  element,
  ...JSON.parse(element.dataset.step),
}))
const form = document.querySelector('#key-form')
const keyInput = document.querySelector('#key')
const keyNote = document.querySelector('#key-note')
const runAll = document.querySelector('#run-all')

// --- Values ---

const at = (value, place) => place.split('.').reduce((inner, name) => inner?.[name], value)

const namesIn = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)

const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => state.values.get(name))

const fillPath = (path) => path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(state.values.get(name)))

const fillBody = (value) => {
  if (typeof value === 'string') return fill(value)
  if (Array.isArray(value)) return value.map(fillBody)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillBody(inner)]))
}

const setValue = (name, value) => {
  state.values.set(name, value)
  // The command holds it inside JSON inside single quotes.
  const shown = JSON.stringify(value).slice(1, -1).replaceAll("'", String.raw`'\''`)
  for (const mark of document.querySelectorAll(`[data-value="${name}"]`)) mark.textContent = shown
}

// --- The key ---

const refusalOf = (key) => {
  if (key === '') return 'Paste your sandbox key first. It is sandbox_key in .parley/credentials.json.'
  const [, mode] = keyPattern.exec(key) ?? []
  if (mode === 'live')
    return 'This is a live key: these steps would write into your live workspace. Paste the sandbox key, which has _test_ in it. The live key was not sent anywhere.'
  if (mode === undefined) return 'This is not an API key. A sandbox key looks like ply_test_ and 36 more characters.'
  return undefined
}

const tellOfKey = (text, refused) => {
  keyNote.textContent = text
  keyNote.classList.toggle('refused', refused)
  keyInput.setAttribute('aria-invalid', String(refused))
}

/** Takes the key that was pasted; says why where it cannot be used. */
const takeKey = () => {
  const key = keyInput.value.trim()
  const refusal = refusalOf(key)
  if (refusal !== undefined) {
    state.key = ''
    tellOfKey(refusal, true)
    keyInput.focus()
    return false
  }
  if (key !== state.key) tellOfKey(`Using ${key.slice(0, key.lastIndexOf('_') + 4)}…, kept in this page only.`, false)
  state.key = key
  return true
}

// --- One step ---

const send = async (step) => {
  const start = performance.now()
  const response = await fetch(fillPath(step.path), {
    method: step.method,
    credentials: 'omit',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    headers: {
      authorization: `Bearer ${state.key}`,
      ...(step.body ? { 'content-type': 'application/json' } : {}),
    },
    ...(step.body ? { body: JSON.stringify(fillBody(step.body)) } : {}),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return {
    status: response.status,
    statusText: response.statusText,
    ms: Math.round(performance.now() - start),
    body: isJson ? JSON.parse(text) : undefined,
    text,
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs))

const sendUntilDone = async (step) => {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const answer = await send(step)
    const isDone = step.until === undefined || at(answer.body, step.until.at) === step.until.is
    if (isDone || answer.status !== step.status) return { ...answer, isDone }
    if (performance.now() > deadline) return { ...answer, isDone }
    await pause()
  }
}

const tell = ({ element }, mark, ...parts) => {
  element.classList.toggle('good', mark === 'good')
  element.classList.toggle('bad', mark === 'bad')
  element.querySelector('.outcome').replaceChildren(...parts)
}

const bold = (text) => Object.assign(document.createElement('b'), { textContent: text })

const showAnswer = ({ element, shows = [] }, { body, text }) => {
  const seen = shows.map(({ label, at: place }) => [label, at(body, place)])
  const list = element.querySelector('.shown')
  list.replaceChildren(
    ...seen
      .filter(([, value]) => value !== undefined && value !== null)
      .flatMap(([label, value]) => [
        Object.assign(document.createElement('dt'), { textContent: label }),
        Object.assign(document.createElement('dd'), { textContent: String(value) }),
      ]),
  )
  list.hidden = list.childElementCount === 0
  const details = element.querySelector('.answer')
  details.querySelector('code').textContent = body === undefined ? text : JSON.stringify(body, null, 2)
  details.hidden = text === ''
}

const missingFor = (step) => {
  const names = namesIn(step.path + JSON.stringify(step.body ?? {}))
  const missing = names.find((name) => !state.values.get(name))
  return missing === undefined ? undefined : { missing, giver: steps.find(({ keeps }) => keeps && missing in keeps) }
}

const explain = ({ missing, giver }) =>
  giver ? `Run “${giver.title}” first: this step needs its ${missing}.` : 'Fill in the field above first.'

/** Sends a step and shows what came of it. Resolves with whether it succeeded. */
const run = async (step) => {
  const button = step.element.querySelector('[data-run]')
  if (button.getAttribute('aria-disabled') === 'true' || !takeKey()) return false
  const lack = missingFor(step)
  if (lack) {
    tell(step, 'bad', explain(lack))
    return false
  }
  button.setAttribute('aria-disabled', 'true')
  tell(step, '', 'Waiting for the answer…')
  try {
    const answer = await sendUntilDone(step)
    const isGood = answer.status === step.status && answer.isDone
    for (const [name, place] of Object.entries(step.keeps ?? {})) if (isGood) setValue(name, at(answer.body, place))
    const late = answer.status === step.status && !answer.isDone ? ' It is not done yet; run the step again.' : ''
    const wrong = answer.status >= 400 ? answer.body?.error?.message : undefined
    tell(
      step,
      isGood ? 'good' : 'bad',
      bold(`${answer.status} ${answer.statusText}`.trim()),
      ` in ${answer.ms} ms.${late}${wrong ? ` ${wrong}` : ''}`,
    )
    showAnswer(step, answer)
    return isGood
  } catch (error) {
    tell(step, 'bad', `The server could not be reached: ${error.message}. Is it still running?`)
    return false
  } finally {
    button.removeAttribute('aria-disabled')
  }
}

const runThemAll = async () => {
  if (runAll.getAttribute('aria-disabled') === 'true' || !takeKey()) return
  runAll.setAttribute('aria-disabled', 'true')
  for (const step of steps) if (!(await run(step))) break
  runAll.removeAttribute('aria-disabled')
}

// --- Wiring ---

for (const input of document.querySelectorAll('[data-ask]')) {
  setValue(input.dataset.ask, input.value)
  input.addEventListener('input', () => setValue(input.dataset.ask, input.value))
}
for (const step of steps) step.element.querySelector('[data-run]').addEventListener('click', () => run(step))
runAll.addEventListener('click', runThemAll)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  takeKey()
})
