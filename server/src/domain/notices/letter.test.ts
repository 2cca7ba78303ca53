import assert from 'node:assert/strict'
import test from 'node:test'
import { quoteName, renderLetter, sayTime } from './letter.ts'

test('no name breaks a line, turns the reading around, or hides what is behind it', () => {
  const name = 'Acme\r\nBcc: eve@evil.test\u0000\u2028\u202Etxt.exe\u200B\tInc'
  const { subject, text } = renderLetter({
    subject: `News of ${quoteName(name)}`,
    parts: [
      `It is ${quoteName(name)}.`,
      {
        facts: [
          ['Name', name],
          ['Line\nbroken', 'x'],
        ],
      },
    ],
  })
  assert.equal(subject, 'News of “Acme Bcc: eve@evil.test txt.exe Inc”')
  assert.equal(
    text,
    'It is “Acme Bcc: eve@evil.test txt.exe Inc”.\n\nName: Acme Bcc: eve@evil.test txt.exe Inc\nLine broken: x\n',
  )
})

test('no name becomes markup, and nothing is loaded from anywhere', () => {
  const name = '<img src=x onerror=alert(1)>&amp;"\''
  const { html } = renderLetter({
    subject: name,
    parts: [`${name} “x”`, { facts: [[name, name]] }, { code: `echo '${name}'\n  done` }],
  })
  const shown = '&lt;img src=x onerror=alert(1)&gt;&amp;amp;&quot;&#39;'
  assert.equal(
    html,
    `<!doctype html><html><body><p>${shown} “x”</p><table><tr><td>${shown}</td><td>${shown}</td></tr></table><pre>echo &#39;${shown}&#39;\n  done</pre></body></html>`,
  )
})

test('what is too long is cut, and never inside a sign', () => {
  assert.equal(quoteName('🙂'.repeat(200)), `“${'🙂'.repeat(79)}…”`)
  assert.equal(quoteName('x'.repeat(80)), `“${'x'.repeat(80)}”`)
  const { subject, text } = renderLetter({ subject: 's'.repeat(1_000), parts: ['p'.repeat(5_000)] })
  assert.deepEqual([subject.length, text.length], [150, 1_001])
})

test('a time is told to the minute, in UTC', () => {
  assert.equal(sayTime('2026-03-11T11:22:59.123Z'), '2026-03-11 11:22 UTC')
})
