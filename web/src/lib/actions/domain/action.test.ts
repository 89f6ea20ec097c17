import { describe, expect, test } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Patch } from '#lib/store/objects.ts'
import { patchesOf, type Action, type Place } from './action.ts'

const ROLES = new Map(['inbox', 'archive', 'sent', 'drafts', 'trash', 'junk'].map((role) => [role, role]))
const INBOX: Place = { mailboxId: 'inbox', roles: ROLES, conversations: true, held: new Set() }
const EVERYWHERE: Place = { ...INBOX, mailboxId: null }

/** Emails of one conversation by the mailboxes in which they lie, and their keywords: `inbox,work $seen`. */
function conversation(...emails: string[]): Email[] {
  const server = new ModelServer()
  return emails.map((text) => {
    const [mailboxes = '', ...keywords] = text.split(' ')
    return server.deliver({
      mailboxIds: Object.fromEntries(mailboxes.split(',').map((id) => [id, true])),
      keywords: Object.fromEntries(keywords.map((keyword) => [keyword, true]))
    })
  })
}

function touched(patches: readonly Patch[]): Id[] {
  return patches.flatMap(({ emailIds }) => emailIds)
}

function patches(action: Action, place: Place, ...emails: string[]): Patch[] {
  return patchesOf(action, conversation(...emails), place)
}

describe('read', () => {
  test('marks all messages that are unread, and no draft', () => {
    expect(patches({ kind: 'read', on: true }, INBOX, 'inbox', 'sent', 'inbox $seen', 'drafts $draft')).toEqual([
      { emailIds: ['e1', 'e2'], keywords: { $seen: true } }
    ])
  })

  test('is taken from the newest message that is shown here', () => {
    expect(
      patches({ kind: 'read', on: false }, INBOX, 'inbox $seen', 'inbox $seen', 'sent $seen', 'inbox $seen $draft')
    ).toEqual([{ emailIds: ['e2'], keywords: { $seen: false } }])
  })

  test('is taken from each message that was chosen', () => {
    const place = { ...INBOX, conversations: false }
    expect(touched(patches({ kind: 'read', on: false }, place, 'inbox $seen', 'sent $seen', 'inbox'))).toEqual([
      'e1',
      'e2'
    ])
  })
})

describe('a star', () => {
  test('is given to the newest message that is shown here', () => {
    expect(patches({ kind: 'star', on: true }, INBOX, 'inbox', 'inbox', 'sent')).toEqual([
      { emailIds: ['e2'], keywords: { $flagged: true } }
    ])
  })

  test('is given to each message that was chosen and has none', () => {
    const place = { ...INBOX, conversations: false }
    expect(touched(patches({ kind: 'star', on: true }, place, 'inbox', 'inbox $flagged', 'sent'))).toEqual(['e1', 'e3'])
  })

  test('is taken from all messages that have one', () => {
    expect(touched(patches({ kind: 'star', on: false }, INBOX, 'inbox $flagged', 'inbox', 'sent $flagged'))).toEqual([
      'e1',
      'e3'
    ])
  })
})

test('a label is for all messages of a conversation, in lower case', () => {
  expect(patches({ kind: 'label', keyword: 'Work', on: true }, INBOX, 'inbox', 'sent work', 'sent')).toEqual([
    { emailIds: ['e1', 'e3'], keywords: { work: true } }
  ])
})

describe('what moves', () => {
  test('are the messages in the mailbox of the list', () => {
    expect(patches({ kind: 'move', mailboxId: 'work' }, INBOX, 'inbox', 'sent', 'trash', 'inbox')).toEqual([
      { emailIds: ['e1', 'e4'], mailboxIds: { inbox: false, work: true } }
    ])
  })

  test('leaves all the mailboxes in which it lies', () => {
    expect(patches({ kind: 'move', mailboxId: 'work' }, INBOX, 'inbox,other', 'inbox,work')).toEqual([
      { emailIds: ['e1'], mailboxIds: { inbox: false, other: false, work: true } },
      { emailIds: ['e2'], mailboxIds: { inbox: false, work: true } }
    ])
  })

  test('is nothing that lies just there', () => {
    expect(patches({ kind: 'move', mailboxId: 'inbox' }, INBOX, 'inbox')).toEqual([])
  })

  test.each(['sent', 'drafts', 'trash', 'junk'])('from a list of all mailboxes is nothing of %s', (mailbox) => {
    expect(touched(patches({ kind: 'move', mailboxId: 'work' }, EVERYWHERE, mailbox, 'inbox', 'other'))).toEqual([
      'e2',
      'e3'
    ])
  })

  test('is each message that was chosen, wherever it lies', () => {
    const place = { ...EVERYWHERE, conversations: false }
    expect(touched(patches({ kind: 'move', mailboxId: 'work' }, place, 'sent', 'inbox'))).toEqual(['e1', 'e2'])
  })
})

test.each<Action>([
  { kind: 'archive' },
  { kind: 'move', mailboxId: 'work' },
  { kind: 'delete' },
  { kind: 'spam', on: true },
  { kind: 'destroy' }
])('what is still to be sent stays when others leave by $kind', (action) => {
  const place = { ...EVERYWHERE, conversations: false, held: new Set(['e1']) }
  expect(touched(patches(action, place, 'inbox', 'inbox'))).toEqual(['e2'])
})

describe('what is archived', () => {
  test('are the messages in the mailbox of the list', () => {
    expect(patches({ kind: 'archive' }, { ...INBOX, mailboxId: 'work' }, 'work', 'inbox')).toEqual([
      { emailIds: ['e1'], mailboxIds: { work: false, archive: true } }
    ])
  })

  test.each(['sent', 'drafts', 'archive', null])('from %s are those that still lie in the inbox', (mailboxId) => {
    expect(
      touched(patches({ kind: 'archive' }, { ...INBOX, mailboxId }, 'inbox', 'sent', 'archive', 'drafts'))
    ).toEqual(['e1'])
  })

  test('goes to a mailbox that is made on first use', () => {
    const roles = new Map([['inbox', 'inbox']])
    expect(patches({ kind: 'archive' }, { ...INBOX, roles }, 'inbox')).toEqual([
      { emailIds: ['e1'], mailboxIds: { inbox: false, 'role:archive': true } }
    ])
  })

  test('is each message that was chosen', () => {
    expect(touched(patches({ kind: 'archive' }, { ...EVERYWHERE, conversations: false }, 'sent', 'inbox'))).toEqual([
      'e1',
      'e2'
    ])
  })
})

describe('what is deleted', () => {
  test('are the messages in the mailbox of the list', () => {
    expect(patches({ kind: 'delete' }, INBOX, 'inbox', 'sent')).toEqual([
      { emailIds: ['e1'], mailboxIds: { inbox: false, trash: true } }
    ])
  })

  test('from a list of all mailboxes is what was sent, too, and nothing that is in the trash', () => {
    expect(touched(patches({ kind: 'delete' }, EVERYWHERE, 'inbox', 'sent', 'trash'))).toEqual(['e1', 'e2'])
  })
})

test('what is destroyed are the messages in the mailbox of the list, as long as they are there', () => {
  expect(patches({ kind: 'destroy' }, { ...INBOX, mailboxId: 'trash' }, 'trash', 'inbox', 'trash,work')).toEqual([
    { emailIds: ['e1'], mailboxIds: { trash: false }, destroyed: true },
    { emailIds: ['e3'], mailboxIds: { trash: false, work: false }, destroyed: true }
  ])
})

describe('spam', () => {
  test('moves to Junk with the keywords by which a filter learns', () => {
    expect(patches({ kind: 'spam', on: true }, INBOX, 'inbox', 'sent', 'inbox,junk')).toEqual([
      { emailIds: ['e1'], mailboxIds: { inbox: false, junk: true }, keywords: { $junk: true, $notjunk: false } }
    ])
  })

  test('that is none moves from Junk to the inbox', () => {
    expect(patches({ kind: 'spam', on: false }, { ...INBOX, mailboxId: 'junk' }, 'junk', 'inbox')).toEqual([
      { emailIds: ['e1'], mailboxIds: { junk: false, inbox: true }, keywords: { $junk: false, $notjunk: true } }
    ])
  })
})
