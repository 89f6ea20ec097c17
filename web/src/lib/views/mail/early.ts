/** What the person does before something is there goes through the gate (`EarlyKeys`), and is played back into it. */
import type { Carried, Early, EarlyKeys } from '#lib/state/early-keys.ts'

/** A key that is pressed; `Escape` gives up what was asked for. True: the gate keeps it. */
export function keepsKey(event: KeyboardEvent, early: EarlyKeys): boolean {
  const { key, ctrlKey, metaKey } = event
  // AltGr, which types characters, is Ctrl and Alt on Windows.
  if (metaKey || (ctrlKey && !event.getModifierState('AltGraph'))) return false
  return early.keeps(key) && isKept(event)
}

/** Something that is pasted or dropped. */
export function keepsData(event: ClipboardEvent | DragEvent, early: EarlyKeys): boolean {
  const [kind, data] =
    'dataTransfer' in event ? (['dropped', event.dataTransfer] as const) : (['pasted', event.clipboardData] as const)
  return early.carries(kind, carriedIn(data)) && isKept(event)
}

function isKept(event: Event): true {
  event.preventDefault()
  event.stopPropagation()
  return true
}

/** Read at once: after the event there is nothing in it. */
function carriedIn(data: DataTransfer | null): Carried {
  const [html = '', text = ''] = ['text/html', 'text/plain'].map((type) => data?.getData(type))
  return { html, text, files: [...(data?.files ?? [])] }
}

/** Does it now where the focus is. */
export function playBack(all: readonly Early[]): void {
  for (const one of all) {
    if (one.kind === 'typed') type(one.text)
    else carry(one)
  }
}

/** Into a field of one line: what came behind Enter was meant for what it would have led to. */
export function playLine(text: string): void {
  type(text.split('\n', 1)[0] ?? '')
}

/** As if it were typed now: what listens hears it, and Ctrl+Z undoes it. */
function type(text: string): void {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else types into fields and editors alike
  if (text !== '') document.execCommand('insertText', false, text)
}

/** What takes pastes and drops hears it. Of what nothing takes, a field gets the text. */
function carry({ kind, data: { html, text, files } }: Extract<Early, { data: Carried }>): void {
  const data = new DataTransfer()
  if (html !== '') data.setData('text/html', html)
  if (text !== '') data.setData('text/plain', text)
  for (const file of files) data.items.add(file)
  const how = { bubbles: true, cancelable: true }
  const event =
    kind === 'pasted'
      ? new ClipboardEvent('paste', { ...how, clipboardData: data })
      : new DragEvent('drop', { ...how, dataTransfer: data })
  if (document.activeElement?.dispatchEvent(event)) type(text)
}
