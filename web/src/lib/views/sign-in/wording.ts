/** Which of our words a node or message of Kratos gets, by its name and id. Unknown ones keep Kratos' own text. */
import type { FlowTrouble } from '#lib/accounts/kratos-response.ts'
import type { Flow, Message } from '#lib/accounts/flow.ts'
import { fieldsOf, type Button, type Field, type Form } from '#lib/accounts/form.ts'
import type { IconName } from '#lib/ui/icons.ts'
import type { Words } from '#lib/words/en.ts'

type SignIn = Words['signIn']

export function titleOf(words: SignIn, form: Form | null, opening: { kind: Flow['kind']; aal: string | null }): string {
  const aal = form?.flow.aal ?? opening.aal
  if (opening.kind !== 'login') return words.titles[opening.kind]
  if (aal === 'aal2') return words.titles.secondFactor
  return form?.flow.refresh ? words.titles.refresh : words.titles.login
}

/** What to do here, above the fields. */
export function introOf(words: SignIn, form: Form, shown: string): string | null {
  const { kind, flow } = form
  if (flow.state === 'sent_email') return sentTo(words, form)
  if (kind === 'recovery') return words.intro.recovery
  if (kind === 'verification' && flow.state === 'choose_method') return words.intro.verification
  if (kind !== 'login' || flow.aal !== 'aal2') return flow.refresh ? words.intro.refresh : null
  if (shown === 'totp') return words.intro.totp
  return shown === 'lookup_secret' ? words.intro.lookup : words.intro.secondFactor
}

/** What to do if the code does not come. */
export function hintOf(words: SignIn, { flow }: Form): string | null {
  return flow.state === 'sent_email' ? words.intro.notArrived : null
}

function sentTo(words: SignIn, form: Form): string {
  const names = ['identifier', 'traits.email', 'email']
  const node = form.flow.nodes.find((each) => names.includes(String(each.attributes['name'])))
  const address = node?.attributes['value']
  return typeof address === 'string' && address ? words.intro.sent(address) : words.intro.sentSomewhere
}

/** Messages above the form that the introduction already says: what to do, and that a code was sent. */
const SAID = [1010003, 1010004, 1010014, 1040005, 1060003, 1080003]

export function noticesOf(form: Form): Message[] {
  return form.flow.messages.filter((message) => !SAID.includes(message.id))
}

/** Messages that are about a value: its place in the context (Kratos, text/message_validation.go). */
const VALUES: Readonly<Record<number, string>> = {
  4000003: 'min_length',
  4000017: 'max_length',
  4000032: 'min_length',
  4000033: 'max_length',
  1010016: 'provider',
  1060004: 'masked_address'
}

export function messageWords(words: SignIn, message: Message): string {
  if (message.id === 4000001) return generic(words, message)
  const known = (words.messages as Readonly<Record<number, string | ((value: string) => string)>>)[message.id]
  if (known === undefined) return message.text
  return typeof known === 'string' ? known : known(contextText(message, VALUES[message.id] ?? ''))
}

function contextText(message: Message | null, key: string): string {
  const value = message?.context[key]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** One id for everything that a schema or a server may find wrong; two of its sentences are common. */
function generic(words: SignIn, message: Message): string {
  if (/is not valid "email"/.test(message.text)) return words.notAnAddress
  return /submitted too often/.test(message.text) ? words.tooOften : message.text
}

/** The longest wait (domain/guess.py), if the response lost its header on the way. */
const LONGEST_WAIT = 600

export function troubleWords(words: SignIn, trouble: FlowTrouble): string {
  if (trouble.code === 'too_many_guesses') {
    return words.tooManyGuesses(Math.ceil((trouble.retryAfter ?? LONGEST_WAIT) / 60))
  }
  const byCode: Readonly<Record<string, string>> = words.trouble
  if (trouble.code === 'kratos_away' || trouble.code === 'login_server_unusable') return words.trouble.kratos_silent
  return byCode[trouble.code] ?? words.trouble.unknown
}

export function problemsIn(form: Form): number {
  return fieldsOf(form).filter((field) => field.problems.length > 0).length
}

export function labelOf(words: SignIn, form: Form, field: Field): { label: string; hint?: string } {
  const { fields } = words
  switch (field.name) {
    case 'identifier':
    case 'email':
    case 'recovery_address':
    case 'recovery_confirm_address':
    case 'traits.email':
      // Whatever title the schema has: it is in one language, and the page speaks another one.
      return { label: fields.address }
    case 'traits.name':
      return { label: fields.name, hint: fields.nameHint }
    case 'password':
      return { label: form.kind === 'settings' ? fields.newPassword : fields.password }
    case 'code':
      return { label: fields.code, hint: fields.codeHint }
    case 'totp_code':
      return { label: fields.code }
    case 'lookup_secret':
      return { label: fields.backupCode }
    case 'webauthn_register_displayname':
      return { label: fields.keyName, hint: fields.keyNameHint }
    default:
      // The field is of this server's schema, whose author chose the words.
      return { label: field.label?.text ?? field.name }
  }
}

export function buttonWords(words: SignIn, form: Form, button: Button, locale: string): string {
  const known =
    form.kind === 'settings' ? settingsButtons(words, form, button, locale) : entryButtons(words, form, button)
  return known[button.label?.id ?? 0] ?? button.label?.text ?? words.buttons.continue
}

type ByLabel = Readonly<Record<number, string>>

/** By the id of Kratos' label (Kratos, text/id.go). */
function entryButtons({ buttons }: SignIn, form: Form, button: Button): ByLabel {
  const provider = contextText(button.label, 'provider') || button.value
  return {
    1010001: buttons.signIn,
    1010002: buttons.with(provider),
    1010008: buttons.key,
    1010009: buttons.continue,
    1010010: buttons.continue,
    1010011: buttons.key,
    1010013: buttons.continue,
    1010015: buttons.sendCode,
    1010019: buttons.sendCode,
    1010021: buttons.passkey,
    1010022: buttons.signIn,
    1010023: buttons.sendCodeTo(button.value),
    // The first of two steps asks who it is, the second how to sign in.
    1040001: button.group === 'profile' ? buttons.continue : buttons.signUp,
    1040002: buttons.with(provider),
    1040003: buttons.continue,
    1040004: buttons.signUpWithKey,
    1040006: buttons.signUpWithCode,
    1040007: buttons.signUpWithPasskey,
    1040008: buttons.back,
    1060007: buttons.back,
    1070008: buttons.resend,
    1070009: asksForAddress(form) ? buttons.sendCode : buttons.continue
  }
}

/** The first step of a recovery or a verification. */
function asksForAddress({ kind, flow }: Form): boolean {
  return (kind === 'recovery' || kind === 'verification') && flow.state === 'choose_method'
}

function settingsButtons(words: SignIn, form: Form, button: Button, locale: string): ByLabel {
  const { buttons } = words
  const provider = contextText(button.label, 'provider') || button.value
  const name = keyName(words, button, locale)
  const saved: Readonly<Record<string, string>> = { password: buttons.savePassword, totp: buttons.turnOn }
  return {
    1050002: buttons.link(provider),
    1050003: buttons.unlink(provider),
    1050004: buttons.turnOff,
    1050007: buttons.showCodes,
    1050008: hasCodes(form) ? buttons.replaceCodes : buttons.newCodes,
    1050011: buttons.keptCodes,
    1050012: buttons.addKey,
    1050016: buttons.turnOff,
    1050018: buttons.removeKey(name),
    1050019: buttons.addPasskey,
    1050020: buttons.removePasskey(name),
    1070003: saved[button.group] ?? buttons.save
  }
}

/** Kratos gives no names to passkeys; the moment tells them apart. */
function keyName(words: SignIn, button: Button, locale: string): string {
  const name = contextText(button.label, 'display_name')
  if (name && name !== 'unnamed') return name
  const added = new Date(contextText(button.label, 'added_at'))
  if (Number.isNaN(added.getTime())) return words.unnamed
  return words.addedAt(new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(added))
}

function hasCodes(form: Form): boolean {
  return form.flow.nodes.some((node) => node.attributes['name'] === 'lookup_secret_disable')
}

const ICONS: Readonly<Record<string, IconName>> = { passkey: 'fingerprint', code: 'mail', webauthn: 'key' }

/** Only methods have icons, so that they are told apart at a glance. */
export function iconOf(button: Button): IconName | undefined {
  return ICONS[button.group]
}
