import assert from 'node:assert/strict'
import test from 'node:test'
import { asksForPerson } from './asks-for-person.ts'

test('a wish for a human is heard', () => {
  for (const question of [
    'Talk to a human',
    'I want to speak with someone from support',
    'real person please',
    'agent',
    'Can you connect me to a live agent?',
    'get me a representative',
    'Could I please chat with a customer service rep',
    'HUMAN!!',
    'transfer me to your support staff',
  ]) {
    assert.equal(asksForPerson(question), true, question)
  }
})

test('other questions about people and agents are not a wish for one', () => {
  for (const question of [
    'How do I create an agent?',
    'Who is your contact person in France?',
    'How much is it per person?',
    'Can I cancel without talking to a person?',
    "I don't want to talk to a human",
    'Do you deliver in person?',
    'hello',
  ]) {
    assert.equal(asksForPerson(question), false, question)
  }
})
