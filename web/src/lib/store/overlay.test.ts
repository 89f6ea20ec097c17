import { describe, expect, test } from 'vitest'
import { matching } from '../../../tests/model-query.ts'
import { ModelServer } from '../../../tests/model-server.ts'
import { randomFrom } from '../../../tests/random.ts'
import type { Filter, Id, Sort } from '#lib/jmap/types.ts'
import { idAt, type QueryList } from './list.ts'
import { Objects, patched, type Patch } from './objects.ts'
import { overlaid, withoutStrangers } from './overlay.ts'
import { filterOf, mailboxQuery, NEWEST_FIRST, type ListQuery } from './query.ts'

const INBOX = mailboxQuery('inbox')
const DELETED = { mailboxIds: { inbox: false, trash: true } }
const RESTORED = { mailboxIds: { inbox: true, trash: false } }

function server(threads: readonly string[]): ModelServer {
  const made = new ModelServer()
  threads.forEach((threadId) => made.deliver({ threadId }))
  return made
}

function known({ emails }: ModelServer, pending: readonly Patch[] = []): Objects {
  const objects = new Objects()
  objects.putEmails([...emails.values()])
  objects.setPending(pending)
  return objects
}

/** The server's list, of which only these places are known. */
function listed({ emails }: ModelServer, query: ListQuery, ...places: (readonly [number, number])[]): QueryList {
  const ids = matching(emails.values(), { filter: filterOf(query), sort: [query.sort], collapseThreads: true })
  const windows = places.length === 0 ? [[0, ids.length] as const] : places
  return {
    total: ids.length,
    queryState: 's',
    windows: windows.map(([from, to]) => ({ from, ids: ids.slice(from, to) }))
  }
}

function rows(list: QueryList): (Id | undefined)[] {
  return Array.from({ length: list.total ?? 0 }, (_, index) => idAt(list, index))
}

function shown(
  of: ModelServer,
  pending: readonly Patch[],
  query = INBOX,
  ...places: (readonly [number, number])[]
): (Id | undefined)[] {
  return rows(overlaid(listed(of, query, ...places), query, known(of, pending)))
}

describe('a conversation', () => {
  test('leaves the list with its last message there', () => {
    expect(shown(server(['a', 'b', 'a']), [{ emailIds: ['e1', 'e3'], ...DELETED }])).toEqual(['e2'])
  })

  test('is shown by another of its messages, at the place of that one, once its newest has left', () => {
    expect(shown(server(['a', 'b', 'a']), [{ emailIds: ['e3'], ...DELETED }])).toEqual(['e2', 'e1'])
  })

  test('stays where it is if one of its messages leaves that did not stand for it', () => {
    expect(shown(server(['a', 'b', 'a']), [{ emailIds: ['e1'], ...DELETED }])).toEqual(['e3', 'e2'])
  })

  test('comes back at its place', () => {
    const of = server(['a', 'b', 'c'])
    of.update('e2', { mailboxIds: { trash: true } })
    expect(shown(of, [{ emailIds: ['e2'], ...RESTORED }])).toEqual(['e3', 'e2', 'e1'])
  })

  test('comes into an empty list', () => {
    const of = server(['a'])
    of.update('e1', { mailboxIds: { trash: true } })
    expect(shown(of, [{ emailIds: ['e1'], ...RESTORED }])).toEqual(['e1'])
  })

  test('that is destroyed is nowhere', () => {
    expect(shown(server(['a', 'b']), [{ emailIds: ['e2'], destroyed: true }])).toEqual(['e1'])
  })

  test('of which nothing moves stays as the server listed it, though it sorts another way than this device', () => {
    const of = server(['a', 'a'])
    const query = { ...INBOX, sort: { property: 'subject', isAscending: true } as const }
    const list = { total: 1, queryState: 's', windows: [{ from: 0, ids: ['e2'] }] }
    expect(rows(overlaid(list, query, known(of, [{ emailIds: ['e1'], keywords: { $seen: true } }])))).toEqual(['e2'])
  })

  test('stays in a list of unread or starred ones until the server is asked again', () => {
    const of = server(['a', 'b'])
    const query = { ...INBOX, filter: { notKeyword: '$seen' } }
    expect(shown(of, [{ emailIds: ['e2'], keywords: { $seen: true } }], query)).toEqual(['e2', 'e1'])
  })

  test('leaves a list of a label with the label', () => {
    const of = server(['a', 'b'])
    of.update('e1', { keywords: { work: true } })
    const query = { mailboxId: null, filter: { hasKeyword: 'work' }, sort: NEWEST_FIRST }
    expect(shown(of, [{ emailIds: ['e1'], keywords: { work: false } }], query)).toEqual([])
  })
})

describe('of a list that only the server can judge', () => {
  const SEARCH = { mailboxId: null, filter: { text: 'Mail 1' }, sort: NEWEST_FIRST }

  test('the row stays while its message may match, whatever becomes of the others of the conversation', () => {
    expect(shown(server(['a', 'a']), [{ emailIds: ['e2'], ...DELETED }], SEARCH)).toEqual(['e1'])
  })

  test('nothing is taken away or added that it did not list', () => {
    const pending = [{ emailIds: ['e2'], destroyed: true } as const, { emailIds: ['e3'], ...DELETED }]
    expect(shown(server(['a', 'b', 'c']), pending, SEARCH)).toEqual(['e1'])
  })

  test('the row leaves with what this device can judge', () => {
    const query = { ...SEARCH, mailboxId: 'inbox' }
    expect(shown(server(['a']), [{ emailIds: ['e1'], ...DELETED }], query)).toEqual([])
  })
})

describe('places that were never asked for', () => {
  const FIVE = ['a', 'b', 'c', 'd', 'e']

  test('move up when a row above them leaves', () => {
    expect(shown(server(FIVE), [{ emailIds: ['e5'], ...DELETED }], INBOX, [0, 1], [3, 5])).toEqual([
      undefined,
      undefined,
      'e2',
      'e1'
    ])
  })

  test('move down when a row comes above them', () => {
    const of = server(FIVE)
    of.update('e5', { mailboxIds: { trash: true } })
    expect(shown(of, [{ emailIds: ['e5'], ...RESTORED }], INBOX, [0, 1], [3, 4])).toEqual([
      'e5',
      'e4',
      undefined,
      undefined,
      'e1'
    ])
  })

  test('become fewer when one of them leaves', () => {
    expect(shown(server(FIVE), [{ emailIds: ['e4'], ...DELETED }], INBOX, [0, 1], [3, 5])).toEqual([
      'e5',
      undefined,
      'e2',
      'e1'
    ])
  })

  test('become more when one comes among them', () => {
    const of = server(FIVE)
    of.update('e3', { mailboxIds: { trash: true } })
    expect(shown(of, [{ emailIds: ['e3'], ...RESTORED }], INBOX, [0, 1], [2, 4])).toEqual([
      'e5',
      undefined,
      undefined,
      'e2',
      'e1'
    ])
  })

  test('keep what comes behind the last window unknown', () => {
    const of = server(FIVE)
    of.update('e1', { mailboxIds: { trash: true } })
    expect(shown(of, [{ emailIds: ['e1'], ...RESTORED }], INBOX, [0, 2])).toEqual([
      'e5',
      'e4',
      undefined,
      undefined,
      undefined
    ])
  })
})

test('a list that was never asked for stays unknown', () => {
  const list = { total: null, queryState: null, windows: [] }
  const objects = known(server(['a']), [{ emailIds: ['e1'], ...DELETED }])
  expect(overlaid(list, INBOX, objects)).toEqual(list)
})

test('a list that was shown before loses the rows that have left it, or shows what is left of them', () => {
  const of = server(['a', 'b', 'a', 'c'])
  const list = listed(of, INBOX)
  of.update('e3', { mailboxIds: { trash: true } })
  of.update('e4', { mailboxIds: { trash: true } })
  expect(rows(withoutStrangers(list, INBOX, known(of)))).toEqual(['e2', 'e1'])
})

const FILTERS: readonly (Filter | null)[] = [
  null,
  { hasKeyword: 'work' },
  { notKeyword: 'work' },
  { inMailboxOtherThan: ['trash'] },
  { hasAttachment: true },
  { operator: 'OR', conditions: [{ hasKeyword: 'work' }, { inMailbox: 'sent' }] },
  { operator: 'NOT', conditions: [{ hasKeyword: 'work' }, { inMailbox: 'trash' }] },
  {
    operator: 'AND',
    conditions: [{ notKeyword: 'home' }, { operator: 'NOT', conditions: [{ hasKeyword: 'work' }] }]
  }
]
const SORTS: readonly Sort[] = [
  NEWEST_FIRST,
  { property: 'receivedAt', isAscending: true },
  { property: 'size', isAscending: false },
  { property: 'subject', isAscending: true }
]

test('any patches laid over any list that is known whole show what the server will list', () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const next = randomFrom(seed)
    const upTo = (count: number): number => Math.floor(next() * count)
    const of = server(Array.from({ length: 12 }, () => `t${upTo(7)}`))
    for (const id of of.emails.keys()) {
      of.update(id, {
        mailboxIds: { [['inbox', 'inbox', 'trash', 'sent'][upTo(4)] ?? '']: true },
        keywords: next() < 0.3 ? { work: true } : {},
        hasAttachment: next() < 0.5,
        size: upTo(1_000_000),
        subject: `${upTo(1_000_000)}`
      })
    }
    const query = {
      mailboxId: next() < 0.5 ? 'inbox' : null,
      filter: FILTERS[upTo(FILTERS.length)] ?? null,
      sort: SORTS[upTo(SORTS.length)] ?? NEWEST_FIRST
    }
    const pending = Array.from({ length: 1 + upTo(4) }, (): Patch => {
      const emailIds = [`e${1 + upTo(12)}`, `e${1 + upTo(12)}`]
      return [
        { emailIds, ...DELETED },
        { emailIds, ...RESTORED },
        { emailIds, keywords: { work: next() < 0.5 } },
        { emailIds, destroyed: true } as const
      ][upTo(4)] as Patch
    })
    const list = listed(of, query)
    const objects = known(of, pending)
    for (const { emailIds, ...patch } of pending) {
      for (const id of emailIds) {
        const email = of.emails.get(id)
        if (patch.destroyed) of.destroy(id)
        else if (email) of.emails.set(id, patched(email, { emailIds, ...patch }))
      }
    }
    expect([seed, rows(overlaid(list, query, objects))]).toEqual([seed, rows(listed(of, query))])
  }
})
