/** One flow on screen: its form, what is typed, and what happens when a button is pressed. */
import { trouble as troubleOf, UNKNOWN, type FlowTrouble, type KratosResponse } from '#lib/accounts/kratos-response.ts'
import type { AccountsClient, FlowOptions } from '#lib/accounts/client.ts'
import { askAuthenticator, CredentialRefused, type Refusal } from '#lib/accounts/credential.ts'
import { ownPage, type Destination } from '#lib/accounts/destination.ts'
import { carriedOver, entriesOf, formOf, valuesOf, type Button, type Form } from '#lib/accounts/form.ts'
import type { Flow, Message } from '#lib/accounts/flow.ts'
import { stepAfter, type Purpose } from '#lib/accounts/step.ts'

export interface Surroundings {
  readonly client: Pick<AccountsClient, 'begin' | 'resume' | 'submit'>
  readonly credentials: CredentialsContainer
  /** show another page, without or with a load */
  readonly go: (to: Destination) => void
  /** the same, in place of this one: nobody goes back to a form that is done */
  readonly enter: (to: Destination) => void
  /** put the flow into the address bar, so that a reload (and a phone that dropped the page) comes back to it */
  readonly remember: (flowId: string) => void
  /** Sign in afresh, without leaving this page; false if the person does not. Without it `confirm` says where that is done. */
  readonly confirm?: () => Promise<boolean>
}

export interface Opening {
  readonly purpose: Purpose
  readonly flowId: string | null
  readonly refresh: boolean
  readonly aal: string | null
  /** whose sign-in it will be: filled in where the form asks for it */
  readonly address?: string
}

/** Responses that lead to another request: more in a row would go on for ever. */
const MOST_TURNS = 4

/** Forms refused in a row for a missing or foreign cookie. */
const MOST_GONE = 2

export class AccountFlow {
  readonly #opening: Opening
  readonly #around: Surroundings
  #gone = 0

  form = $state.raw<Form | null>(null)
  values = $state<Record<string, string>>({})
  /** the name and value of the button that works; empty while none does */
  pressed = $state('')
  /** of the button that was pressed last: in settings, what is said belongs to its section */
  group = $state('')
  trouble = $state.raw<FlowTrouble | null>(null)
  refusal = $state<Refusal | null>(null)
  /** the form took the place of an expired one */
  renewed = $state(false)
  /** where a fresh sign-in is asked for */
  confirm = $state.raw<Destination | null>(null)
  /** counts the responses, so that the page can move the focus to what is new */
  turn = $state(0)

  constructor(opening: Opening, around: Surroundings) {
    this.#opening = opening
    this.#around = around
  }

  async start(): Promise<void> {
    const { purpose, flowId } = this.#opening
    this.trouble = null
    await this.#follow(flowId ? this.#around.client.resume(purpose.kind, flowId) : this.#begin(false))
  }

  async press(button: Button): Promise<void> {
    const { form } = this
    if (!form || this.pressed) return
    this.pressed = keyOf(button)
    this.group = button.group
    this.trouble = this.refusal = this.confirm = null
    this.renewed = false
    this.#unsay((message) => message.type === 'success')
    try {
      await this.#send(form, button)
      await this.#confirmed(form, button)
    } catch (error) {
      if (!(error instanceof CredentialRefused)) throw error
      this.refusal = error.why
    } finally {
      this.pressed = ''
      this.turn++
    }
  }

  async #send(form: Form, button: Button): Promise<void> {
    const credential =
      button.trigger === 'submit' ? '' : await askAuthenticator(button, this.values, this.#around.credentials)
    await this.#follow(this.#around.client.submit(form.flow, entriesOf(form, button, this.values, credential)))
  }

  async #confirmed(form: Form, button: Button): Promise<void> {
    const { confirm } = this.#around
    if (!this.confirm || !confirm) return
    this.confirm = null
    if (await confirm()) {
      await this.#send(form, button)
    } else {
      // This flow would go on with what was sent, whatever is typed next (Kratos, selfservice/flow/settings: continuity).
      await this.#follow(this.#begin(false))
      this.renewed = false
    }
  }

  /** Another method is chosen: what was said about the first is no longer true. */
  dismiss(): void {
    this.trouble = this.refusal = null
    this.#unsay(() => true)
  }

  /** "Saved." spoke of the press before. */
  #unsay(isPast: (message: Message) => boolean): void {
    if (!this.form) return
    const { flow } = this.form
    this.form = { ...this.form, flow: { ...flow, messages: flow.messages.filter((message) => !isPast(message)) } }
  }

  #begin(plain: boolean): Promise<KratosResponse> {
    const { purpose, refresh, aal } = this.#opening
    const page = plain ? null : ownPage(purpose.returnTo, purpose.origin)
    const options: FlowOptions = { refresh, aal: aal ?? undefined, returnTo: page ? purpose.origin + page : undefined }
    return this.#around.client.begin(purpose.kind, options)
  }

  async #follow(asked: Promise<KratosResponse>): Promise<void> {
    let response = await asked
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      const next = this.#take(response)
      if (!next) return
      response = await next
    }
    void this.#take(troubleOf(UNKNOWN))
  }

  /** Do what the response asks for; return the request to which it leads, if any. */
  #take(response: KratosResponse): Promise<KratosResponse> | null {
    const { purpose } = this.#opening
    if (response.is === 'flow_gone' && ++this.#gone > MOST_GONE) return this.#take(troubleOf('no_cookies'))
    const step = stepAfter(response, this.form ? { ...purpose, returnTo: this.#returnTo() } : purpose)
    switch (step.do) {
      case 'show':
        this.#show(step.flow)
        return null
      case 'begin':
        this.renewed = this.form !== null
        return this.#begin(step.plain)
      case 'resume':
        this.renewed = this.form !== null
        return this.#around.client.resume(purpose.kind, step.flowId)
      case 'enter':
        this.#around.enter(step.to)
        return null
      case 'go':
        this.#around.go(step.to)
        return null
      case 'confirm':
        this.confirm = step.to
        return null
      case 'stop':
        // "The password is wrong." spoke of the press before.
        this.#unsay((message) => message.type === 'error')
        this.trouble = step.trouble
        return null
    }
  }

  /** The address bar names it, else the flow does: it may have come back from an identity provider. */
  #returnTo(): string | null {
    return this.#opening.purpose.returnTo ?? this.form?.flow.returnTo ?? null
  }

  #show(flow: Flow): void {
    const form = formOf(flow)
    const isSame = this.form?.flow.id === flow.id
    if (isSame) this.#gone = 0
    this.values = this.form && flow.state !== 'success' ? carriedOver(form, this.values, isSame) : valuesOf(form)
    if (this.values['identifier'] === '') this.values['identifier'] = this.#opening.address ?? ''
    this.form = form
    this.#around.remember(flow.id)
  }
}

export function keyOf(button: Button): string {
  return `${button.group} ${button.name} ${button.value.slice(0, 100)}`
}
