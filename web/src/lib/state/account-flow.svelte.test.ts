// @vitest-environment jsdom
import type { KratosResponse } from '#lib/accounts/kratos-response.ts'
import type { FlowKind } from '#lib/accounts/flow.ts'
import type { Button } from '#lib/accounts/form.ts'
import { AccountFlow, type Opening } from '#lib/state/account-flow.svelte.ts'
import { expect, test } from 'vitest'
import { recordedMeaning } from '../../../tests/recorded.ts'

interface Seen {
  asked: string[]
  sent: Record<string, string>[]
  went: unknown[]
  remembered: string[]
}

/** A flow whose requests get these responses, one after the other. */
function flowWith(
  responses: KratosResponse[],
  more: Partial<Opening> = {},
  confirm?: () => Promise<boolean>
): { flow: AccountFlow; seen: Seen } {
  const seen: Seen = { asked: [], sent: [], went: [], remembered: [] }
  const next = (what: string) => {
    seen.asked.push(what)
    const response = responses.shift()
    return response ? Promise.resolve(response) : Promise.reject(new Error('nothing more was expected'))
  }
  const client = {
    begin: (kind: FlowKind, wish: object) => next(`begin ${kind} ${JSON.stringify(wish)}`),
    resume: (kind: FlowKind) => next(`resume ${kind}`),
    submit: (_: unknown, entries: [string, string][]) => {
      seen.sent.push(Object.fromEntries(entries))
      return next('submit')
    }
  }
  const purpose = { kind: 'login', origin: 'http://localhost:9', returnTo: null } as const
  const opening = { purpose, flowId: null, refresh: false, aal: null, ...more }
  const around = {
    client,
    credentials: { get: () => Promise.resolve(null) } as unknown as CredentialsContainer,
    go: (to: unknown) => seen.went.push(to),
    enter: (to: unknown) => seen.went.push(to),
    remember: (id: string) => seen.remembered.push(id),
    ...(confirm && { confirm })
  }
  return { flow: new AccountFlow(opening, around), seen }
}

function button(flow: AccountFlow, group: string): Button {
  const parts = flow.form?.groups.flatMap((each) => each.parts) ?? []
  const found = parts.find((part) => part.is === 'button' && part.group === group)
  if (found?.is !== 'button') throw new Error(`there is no button of ${group}`)
  return found
}

test('a page asks for what its query names, and returns to pages of ours only', async () => {
  const purpose = { kind: 'login', origin: 'http://localhost:9' } as const
  const own = flowWith([recordedMeaning('login', 'login')], { purpose: { ...purpose, returnTo: '/mail' }, aal: 'aal2' })
  await own.flow.start()
  expect(own.seen.asked).toEqual(['begin login {"refresh":false,"aal":"aal2","returnTo":"http://localhost:9/mail"}'])
  const evil = flowWith([recordedMeaning('login', 'login')], {
    purpose: { ...purpose, returnTo: 'https://evil.test/' }
  })
  await evil.flow.start()
  expect(evil.seen.asked[0]).not.toContain('evil')
})

test('a flow is remembered in the address bar, so that a reload comes back to it', async () => {
  const { flow, seen } = flowWith([recordedMeaning('login', 'login')])
  await flow.start()
  expect(seen.remembered).toEqual([flow.form?.flow.id])
})

test('an expired form becomes the one that Kratos made: the address stays, the password does not', async () => {
  const { flow, seen } = flowWith([
    recordedMeaning('login', 'login'),
    recordedMeaning('login', 'login-expired'),
    recordedMeaning('login', 'second-factor'),
    recordedMeaning('login', 'login-refused')
  ])
  await flow.start()
  flow.values['identifier'] = 'ada@example.org'
  flow.values['password'] = 'secret'
  await flow.press(button(flow, 'password'))
  expect(seen.asked.slice(1)).toEqual(['submit', 'resume login'])
  expect(flow.renewed).toBe(true)
  expect(Object.values(flow.values)).not.toContain('secret')
})

test('while one button works the others do nothing', async () => {
  const { flow, seen } = flowWith([recordedMeaning('login', 'login'), recordedMeaning('login', 'login-refused')])
  await flow.start()
  const first = flow.press(button(flow, 'password'))
  expect(flow.pressed).not.toBe('')
  await flow.press(button(flow, 'code'))
  await first
  expect(seen.asked.filter((asked) => asked === 'submit')).toHaveLength(1)
  expect([flow.pressed, flow.turn]).toEqual(['', 1])
})

/** A new form, as Kratos makes it: with an id of its own. */
function newForm(id: string): KratosResponse {
  const response = recordedMeaning('login', 'login')
  if (response.is !== 'form') throw new Error('it is no form')
  return { is: 'form', flow: { ...response.flow, id } }
}

test('a browser that keeps no cookies is told so, and not asked for ever', async () => {
  const refused = () => recordedMeaning('login', 'login-csrf')
  const { flow } = flowWith([newForm('1'), refused(), newForm('2'), refused(), newForm('3'), refused()])
  await flow.start()
  for (let presses = 0; presses < 3; presses++) await flow.press(button(flow, 'password'))
  expect(flow.trouble).toMatchObject({ code: 'no_cookies' })
})

test('responses that always lead on end as a failure', async () => {
  const expired = Array.from({ length: 9 }, () => recordedMeaning('login', 'login-expired'))
  const { flow, seen } = flowWith(expired)
  await flow.start()
  expect(flow.trouble).toMatchObject({ code: 'unknown' })
  expect(seen.asked.length).toBeLessThan(9)
})

test('a change that needs a fresh sign-in asks, and goes there only when told to', async () => {
  const { flow, seen } = flowWith(
    [recordedMeaning('settings', 'settings'), recordedMeaning('settings', 'settings-needs-refresh')],
    {
      purpose: { kind: 'settings', origin: 'http://localhost:9', returnTo: null }
    }
  )
  await flow.start()
  await flow.press(button(flow, 'password'))
  expect(flow.confirm).toMatchObject({ page: expect.stringContaining('refresh=true') as string })
  expect(seen.went).toEqual([])
})

const SETTINGS: Partial<Opening> = { purpose: { kind: 'settings', origin: 'http://localhost:9', returnTo: null } }

test('where one can sign in afresh on the page itself, the change is made right afterwards', async () => {
  const responses = ['settings', 'settings-needs-refresh', 'settings-saved'] as const
  const { flow, seen } = flowWith(
    responses.map((name) => recordedMeaning('settings', name)),
    SETTINGS,
    () => Promise.resolve(true)
  )
  await flow.start()
  flow.values['password'] = 'another one'
  await flow.press(button(flow, 'password'))
  expect(seen.sent.map(({ password }) => password)).toEqual(['another one', 'another one'])
  expect([flow.confirm, flow.form?.flow.messages.map(({ type }) => type)]).toEqual([null, ['success']])
})

test('whoever does not sign in afresh gets a new form: Kratos would go on with what the old one was sent', async () => {
  const responses = ['settings', 'settings-needs-refresh', 'settings'] as const
  const { flow, seen } = flowWith(
    responses.map((name) => recordedMeaning('settings', name)),
    SETTINGS,
    () => Promise.resolve(false)
  )
  await flow.start()
  await flow.press(button(flow, 'password'))
  expect(seen.asked.map((asked) => asked.split(' ')[0])).toEqual(['begin', 'submit', 'begin'])
  expect([flow.confirm, flow.trouble, flow.renewed]).toEqual([null, null, false])
})

test('the address of the person is filled in where the form asks for it', async () => {
  const { flow } = flowWith([recordedMeaning('login', 'login')], { address: 'ada@example.org' })
  await flow.start()
  expect(flow.values['identifier']).toBe('ada@example.org')
})

test('"Saved." is not said beside a change that is not made yet', async () => {
  const { flow } = flowWith(
    [
      recordedMeaning('settings', 'settings'),
      recordedMeaning('settings', 'settings-saved'),
      recordedMeaning('settings', 'settings-needs-refresh')
    ],
    { purpose: { kind: 'settings', origin: 'http://localhost:9', returnTo: null } }
  )
  const kinds = () => flow.form?.flow.messages.map(({ type }) => type)
  await flow.start()
  await flow.press(button(flow, 'password'))
  expect(kinds()).toEqual(['success'])
  await flow.press(button(flow, 'password'))
  expect(flow.confirm).not.toBeNull()
  expect(kinds()).toEqual([])
})

test('saved settings forget what was typed', async () => {
  const { flow } = flowWith([recordedMeaning('settings', 'settings'), recordedMeaning('settings', 'settings-saved')], {
    purpose: { kind: 'settings', origin: 'http://localhost:9', returnTo: null }
  })
  await flow.start()
  flow.values['password'] = 'secret'
  await flow.press(button(flow, 'password'))
  expect(flow.values['password']).toBe('')
  expect(flow.group).toBe('password')
})

test('a device on which nothing was confirmed sends nothing', async () => {
  const { flow, seen } = flowWith([recordedMeaning('login', 'login')])
  await flow.start()
  await flow.press(button(flow, 'passkey'))
  expect([flow.refusal, seen.sent]).toEqual(['cancelled', []])
})
