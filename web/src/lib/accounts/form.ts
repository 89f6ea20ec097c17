/** A flow as the form that is shown: its groups in our order, each with its fields and buttons. Pure. */
import { isObject, messageOf, textOf, type Flow, type FlowKind, type Message, type UiNode } from '#lib/accounts/flow.ts'

export interface Field {
  readonly is: 'field'
  readonly group: string
  readonly name: string
  readonly type: 'text' | 'email' | 'tel' | 'url' | 'number' | 'date' | 'password' | 'checkbox'
  readonly value: string
  readonly label: Message | null
  readonly required: boolean
  readonly disabled: boolean
  readonly autocomplete: string
  readonly inputmode: 'text' | 'email' | 'tel' | 'url' | 'numeric' | undefined
  readonly maxlength: number | undefined
  readonly problems: readonly Message[]
}

/** `submit` sends the form; the others first ask the authenticator with `data`, and send its credential as `credentialName`. */
export type Trigger = 'submit' | 'get-credential' | 'create-credential'

export interface Button {
  readonly is: 'button'
  readonly group: string
  readonly name: string
  readonly value: string
  readonly label: Message | null
  readonly disabled: boolean
  readonly trigger: Trigger
  readonly data: string
  readonly credentialName: string
  readonly problems: readonly Message[]
}

export interface Picture {
  readonly is: 'picture'
  readonly id: string
  readonly source: string
}

/** Something to keep: the secret of an authenticator app, or backup codes. */
export interface Secret {
  readonly is: 'secret'
  readonly id: string
  readonly lines: readonly { readonly text: string; readonly used: boolean }[]
}

export interface Link {
  readonly is: 'link'
  readonly id: string
  readonly address: string
  readonly label: Message | null
}

export type Part = Field | Button | Picture | Secret | Link

export interface Group {
  readonly name: string
  readonly parts: readonly Part[]
}

export interface Form {
  readonly kind: FlowKind
  readonly flow: Flow
  readonly groups: readonly Group[]
  /** back to the step before, in a registration of two steps */
  readonly back: Button | null
}

/** The order of the groups: who it is, then the methods, the common ones first. */
const ORDER = [
  'default',
  'identifier_first',
  'profile',
  'password',
  'code',
  'link',
  'totp',
  'passkey',
  'webauthn',
  'oidc',
  'lookup_secret'
]

/** Every button sends the fields of these groups too: who it is, and what proves that our page sends it. */
export const SHARED = ['default', 'identifier_first']

export function formOf(flow: Flow): Form {
  const names = [...ORDER, ...new Set(flow.nodes.map((node) => node.group).filter((name) => !ORDER.includes(name)))]
  const groups = names.map((name) => ({ name, parts: partsOf(flow, name) })).filter((group) => group.parts.length)
  const buttons = groups.flatMap((group) => group.parts).filter((part) => part.is === 'button')
  const back = buttons.find(isBack) ?? null
  const shown = groups.map((group) => ({ ...group, parts: ordered(group.parts.filter((part) => part !== back)) }))
  return { kind: flow.kind, flow, groups: shown.filter((group) => group.parts.length), back }
}

function isBack(button: Button): boolean {
  return button.name === 'screen' && button.value === 'previous'
}

/** Sends a new code to the same address: never the button that the key Enter presses, wherever Kratos puts it. */
export function isResend(button: Button): boolean {
  return button.label?.id === 1070008
}

function ordered(parts: readonly Part[]): readonly Part[] {
  const resend = parts.filter((part) => part.is === 'button' && isResend(part))
  return [...parts.filter((part) => !resend.includes(part)), ...resend]
}

function partsOf(flow: Flow, group: string): Part[] {
  const parts = flow.nodes.filter((node) => node.group === group).flatMap((node) => partOf(flow, node))
  return group === 'passkey' && !parts.length ? passkeyWithoutButton(flow) : parts
}

function partOf(flow: Flow, node: UiNode): Part[] {
  const { attributes } = node
  const id = textOf(attributes['id'])
  switch (node.type) {
    case 'input':
      return inputOf(flow, node)
    case 'img': {
      // A picture in the response itself; any other address would be a request to elsewhere.
      const source = textOf(attributes['src'])
      return source.startsWith('data:image/') ? [{ is: 'picture', id, source }] : []
    }
    case 'text':
      return [{ is: 'secret', id, lines: linesOf(messageOf(attributes['text'])) }]
    case 'a':
      return [{ is: 'link', id, address: textOf(attributes['href']), label: node.label }]
    default:
      // Script nodes and whatever is new are never shown and never run.
      return []
  }
}

function inputOf(flow: Flow, node: UiNode): Part[] {
  switch (node.attributes['type']) {
    case 'hidden':
      return []
    case 'submit':
      return [buttonOf(node, 'submit')]
    case 'button':
      return triggerOf(flow, node)
    default:
      return [fieldOf(node)]
  }
}

const TYPES = ['email', 'tel', 'url', 'number', 'date', 'password', 'checkbox'] as const

function fieldOf(node: UiNode): Field {
  const { attributes } = node
  const name = textOf(attributes['name'])
  const type = TYPES.find((known) => known === attributes['type']) ?? 'text'
  const isCode = name === 'code' || name === 'totp_code'
  const most = attributes['maxlength']
  return {
    is: 'field',
    group: node.group,
    name,
    type,
    value: valueOf(node),
    label: node.label,
    required: attributes['required'] === true,
    disabled: attributes['disabled'] === true,
    autocomplete: textOf(attributes['autocomplete']) || (isCode ? 'one-time-code' : 'off'),
    inputmode: isCode ? 'numeric' : type === 'email' || type === 'tel' || type === 'url' ? type : undefined,
    maxlength: typeof most === 'number' && most > 0 ? most : undefined,
    problems: node.messages
  }
}

function buttonOf(node: UiNode, trigger: Trigger, data = '', credentialName = ''): Button {
  return {
    is: 'button',
    group: node.group,
    name: textOf(node.attributes['name']),
    value: valueOf(node),
    label: node.label,
    disabled: node.attributes['disabled'] === true,
    trigger,
    data,
    credentialName,
    problems: node.messages
  }
}

/** A button whose `onclick` would run Kratos' webauthn.js: what that script would do, told as data. */
function triggerOf(flow: Flow, node: UiNode): Button[] {
  const own = valueOf(node)
  switch (node.attributes['name']) {
    case 'webauthn_login_trigger':
      return [buttonOf(node, 'get-credential', own, 'webauthn_login')]
    case 'webauthn_register_trigger':
      return [buttonOf(node, 'create-credential', own, 'webauthn_register')]
    case 'passkey_login_trigger':
      return [buttonOf(node, 'get-credential', hidden(flow, 'passkey_challenge'), 'passkey_login')]
    case 'passkey_register_trigger': {
      const name = flow.kind === 'settings' ? 'passkey_settings_register' : 'passkey_register'
      return [buttonOf(node, 'create-credential', hidden(flow, 'passkey_create_data'), name)]
    }
    default:
      return []
  }
}

/** While it asks for the address first, Kratos offers passkeys only in the list of the field; we offer a button. */
function passkeyWithoutButton(flow: Flow): Button[] {
  const node = flow.nodes.find((each) => each.attributes['name'] === 'passkey_challenge')
  if (!node || flow.kind !== 'login') return []
  const label: Message = { id: 1010021, text: '', type: 'info', context: {} }
  return [{ ...buttonOf(node, 'get-credential', valueOf(node), 'passkey_login'), value: '', label }]
}

function hidden(flow: Flow, name: string): string {
  const node = flow.nodes.find((each) => each.attributes['name'] === name)
  return node ? valueOf(node) : ''
}

function valueOf(node: UiNode): string {
  const value = node.attributes['value']
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

function linesOf(text: Message | null): Secret['lines'] {
  const list = text?.context['secrets']
  const messages = Array.isArray(list) ? list.flatMap((each) => messageOf(each) ?? []) : text ? [text] : []
  // 1050014 is a code that was used: its text says when, its secret is gone.
  return messages.map((each) => ({ text: each.id === 1050014 ? '' : each.text, used: each.id === 1050014 }))
}

/** What is typed, by the name of the field. */
export type Values = Readonly<Record<string, string>>

export function fieldsOf(form: Form): Field[] {
  return form.groups.flatMap((group) => group.parts).filter((part) => part.is === 'field')
}

export function valuesOf(form: Form): Values {
  return Object.fromEntries(fieldsOf(form).map((field) => [field.name, field.value]))
}

/** The values of the form that follows: what was typed stays, but no code; in another flow no password either. */
export function carriedOver(form: Form, typed: Values, isSame: boolean): Values {
  const kept = fieldsOf(form).filter((field) => field.autocomplete !== 'one-time-code')
  const again = kept
    .filter((field) => isSame || field.type !== 'password')
    .flatMap(({ name }) => {
      const value = typed[name]
      return value ? [[name, value] as const] : []
    })
  return { ...valuesOf(form), ...Object.fromEntries(again) }
}

/** What the button sends: the hidden nodes and fields of its group and of the shared ones, and itself. */
export function entriesOf(form: Form, button: Button, values: Values, credential = ''): [string, string][] {
  const sent = new Map<string, string>()
  for (const node of form.flow.nodes) {
    if (node.type !== 'input' || !isSent(node, button)) continue
    const name = textOf(node.attributes['name'])
    sent.set(name, node.attributes['type'] === 'hidden' ? valueOf(node) : (values[name] ?? ''))
  }
  if (button.trigger === 'submit') sent.set(button.name, button.value)
  else sent.set(button.credentialName, credential)
  // The way back has no method: with one, Kratos takes it for the step forward.
  if (!sent.has('method') && !isBack(button)) sent.set('method', button.group)
  return [...sent]
}

/** Data for authenticators and results of other buttons stay here: Kratos takes the first method that it finds. */
const NEVER_SENT = ['passkey_challenge', 'passkey_create_data', 'passkey_login', 'passkey_register']

function isSent(node: UiNode, button: Button): boolean {
  const { type, name } = node.attributes
  if (type === 'submit' || type === 'button' || NEVER_SENT.includes(textOf(name))) return false
  return node.group === button.group || SHARED.includes(node.group)
}

/** The name in a passkey is what the person typed into the field that Kratos names; it is null for other data. */
export function nameForPasskey(data: unknown, values: Values): string | null {
  if (!isObject(data) || typeof data['displayNameFieldName'] !== 'string') return null
  return values[data['displayNameFieldName']] ?? ''
}
