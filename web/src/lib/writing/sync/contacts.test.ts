import { expect, test } from 'vitest'
import { contactsIn } from './contacts.ts'

const ANN = {
  id: 'c1',
  uid: 'urn:uuid:1',
  name: { full: 'Ann Reed' },
  emails: { a: { address: 'ann@work.example' }, b: { address: 'ann@example.net', pref: 1 } }
}
const BOB = {
  id: 'c2',
  uid: 'urn:uuid:2',
  name: {
    components: [
      { kind: 'given', value: 'Bob' },
      { kind: 'surname', value: 'Lee' }
    ]
  },
  emails: { a: { address: 'bob@example.net' } }
}

test('each address of a person can be suggested, the preferred first', () => {
  expect(contactsIn([ANN, BOB, { id: 'c3', name: { full: 'No address' } }]).people).toEqual([
    { name: 'Ann Reed', address: 'ann@example.net' },
    { name: 'Ann Reed', address: 'ann@work.example' },
    { name: 'Bob Lee', address: 'bob@example.net' }
  ])
})

test('a group puts in each of its members once; one without members is none', () => {
  const crew = {
    id: 'g1',
    kind: 'group',
    name: { full: 'Crew' },
    members: { 'urn:uuid:1': true, 'urn:uuid:2': true, 'urn:uuid:9': true }
  }
  const empty = { id: 'g2', kind: 'group', name: { full: 'Empty' }, members: {} }
  const { groups, people } = contactsIn([ANN, BOB, crew, empty])
  expect(groups).toEqual([
    {
      name: 'Crew',
      members: [
        { name: 'Ann Reed', address: 'ann@example.net' },
        { name: 'Bob Lee', address: 'bob@example.net' }
      ]
    }
  ])
  expect(people).toHaveLength(3)
})
