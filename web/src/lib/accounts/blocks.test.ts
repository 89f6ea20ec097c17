import { layoutOf, mainButton, sectionsOf, type Block } from '#lib/accounts/blocks.ts'
import type { FlowKind } from '#lib/accounts/flow.ts'
import { formOf } from '#lib/accounts/form.ts'
import { expect, test } from 'vitest'
import { recordedFlow } from '../../../tests/recorded.ts'

function outline(block: Block): string {
  return block.parts.map((part) => ('group' in part ? `${part.group}/${part.name}` : part.is)).join(' ')
}

test.each<[FlowKind, string, string, string[], string[]]>([
  [
    'login',
    'login',
    'default/identifier password/password password/method',
    [],
    ['code/method passkey/passkey_login_trigger webauthn/method oidc/provider']
  ],
  ['login', 'second-factor', 'totp/totp_code totp/method', ['lookup_secret/lookup_secret lookup_secret/method'], []],
  ['login', 'login-code', 'code/code code/method code/resend', [], []],
  [
    'login',
    'identifier-first',
    'identifier_first/identifier identifier_first/method',
    [],
    ['passkey/passkey_challenge oidc/provider']
  ],
  [
    'registration',
    'registration',
    'default/traits.email default/traits.name password/password password/method',
    [],
    [
      'code/method passkey/passkey_register_trigger',
      'webauthn/webauthn_register_displayname webauthn/webauthn_register_trigger',
      'oidc/provider'
    ]
  ],
  ['registration', 'two-step', 'default/traits.email default/traits.name profile/method', [], ['oidc/provider']],
  ['recovery', 'recovery-sent', 'code/code code/method code/email', [], []]
])(
  'the first method comes with the address, the others behind an "or": %s %s',
  (kind, name, first, secondFactors, otherMethods) => {
    const layout = layoutOf(formOf(recordedFlow(kind, name)))
    expect(outline(layout.first)).toBe(first)
    expect(layout.secondFactors.map(outline)).toEqual(secondFactors)
    expect(layout.otherMethods.map(outline)).toEqual(otherMethods)
  }
)

test('the key Enter goes on, and never sends a new code or takes something away', () => {
  for (const name of ['login-code', 'login-code-wrong', 'second-factor-code-sent']) {
    expect(mainButton(layoutOf(formOf(recordedFlow('login', name))).first)).toMatchObject({ name: 'method' })
  }
  const linked = sectionsOf(formOf(recordedFlow('settings', 'settings-totp-linked')))
  const totp = linked.find(({ key }) => key === 'totp')
  expect(totp && mainButton(totp)).toBeNull()
})

test('settings have a section for each group, in our order', () => {
  const sections = sectionsOf(formOf(recordedFlow('settings', 'settings')))
  expect(sections.map(({ key }) => key)).toEqual([
    'profile',
    'password',
    'totp',
    'passkey',
    'webauthn',
    'oidc',
    'lookup_secret'
  ])
})
