/** A self-service flow of Kratos, as its public API returns it (Kratos, ui/node/attributes.go). */

export type FlowKind = 'login' | 'registration' | 'recovery' | 'verification' | 'settings'

export interface Message {
  readonly id: number
  /** Kratos' own English words, for ids that we have no words for */
  readonly text: string
  readonly type: 'info' | 'success' | 'error'
  readonly context: Readonly<Record<string, unknown>>
}

export interface UiNode {
  readonly type: string
  readonly group: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly messages: readonly Message[]
  readonly label: Message | null
}

export interface Flow {
  readonly kind: FlowKind
  readonly id: string
  readonly state: string
  /** the session must be renewed (`refresh=true`) */
  readonly refresh: boolean
  /** `aal2` asks for the second factor */
  readonly aal: string
  readonly returnTo: string | null
  readonly nodes: readonly UiNode[]
  readonly messages: readonly Message[]
}

/** More nodes than any form has. The rest is left out, so that a broken response cannot freeze the page. */
const MOST = 300

type Json = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The flow in the body of a response, or null if it holds none. */
export function flowOf(kind: FlowKind, body: unknown): Flow | null {
  if (!isObject(body) || typeof body['id'] !== 'string' || !isObject(body['ui'])) return null
  const ui = body['ui']
  if (!Array.isArray(ui['nodes'])) return null
  return {
    kind,
    id: body['id'],
    state: textOf(body['state']),
    refresh: body['refresh'] === true,
    aal: textOf(body['requested_aal']),
    returnTo: textOf(body['return_to']) || null,
    nodes: ui['nodes'].slice(0, MOST).flatMap(nodeOf),
    messages: messagesOf(ui['messages'])
  }
}

function nodeOf(value: unknown): UiNode[] {
  if (!isObject(value) || !isObject(value['attributes'])) return []
  const meta = isObject(value['meta']) ? value['meta'] : {}
  return [
    {
      type: textOf(value['type']),
      group: textOf(value['group']),
      attributes: value['attributes'],
      messages: messagesOf(value['messages']),
      label: messageOf(meta['label'])
    }
  ]
}

function messagesOf(value: unknown): Message[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, MOST).flatMap((each) => messageOf(each) ?? [])
}

export function messageOf(value: unknown): Message | null {
  if (!isObject(value) || typeof value['id'] !== 'number') return null
  const type = value['type'] === 'error' || value['type'] === 'success' ? value['type'] : 'info'
  const context = isObject(value['context']) ? value['context'] : {}
  return { id: value['id'], text: textOf(value['text']), type, context }
}
