/**
 * A page with nothing but messages, for tests/hostile_mail: Python hands it mails, and reads what became of them.
 * `showBare` leaves the sanitizer out, so that the frame has to hold alone.
 */
import { mount, unmount } from 'svelte'
import { FrameConnection } from '../../src/lib/frame/connection.ts'
import frame from '../../src/lib/frame/frame.html?url&no-inline'
import MessageFrame from '../../src/lib/frame/MessageFrame.svelte'
import { Choice } from '../../src/lib/words/choice.ts'
import { loadWords } from '../../src/lib/words/language.ts'
import { Speech } from '../../src/lib/words/words.svelte.ts'
import '../../src/tokens.css'
import SpokenText from './SpokenText.svelte'

interface Fate {
  /** `height` or `text` once it is shown, else why it is not; null while neither is known */
  shown: string | null
  height: number
  remote: number
  links: string[]
  keys: string[]
}

const place = document.querySelector('main')
if (!place) throw new Error('no main')
let fate: Fate
let remove = () => undefined as unknown

function begin(): Fate {
  remove()
  fate = { shown: null, height: 0, remote: 0, links: [], keys: [] }
  return fate
}

/** The mail as the interface shows it. */
function show(html: string, theme: 'light' | 'dark' = 'light', allowRemote = false): void {
  const now = begin()
  const component = mount(MessageFrame, {
    target: place as Element,
    props: {
      html,
      images: new Map<string, Blob>(),
      theme,
      allowRemote,
      title: 'Message from Mallory',
      showQuoted: 'Show quoted text',
      onread: ({ remote }: { remote: number }) => (now.remote = remote),
      onlink: (href: string) => now.links.push(href),
      onhover: () => undefined,
      onkey: ({ key }: { key: string }) => now.keys.push(key),
      ontrouble: (why: string) => (now.shown ??= why)
    }
  }) as Record<string, unknown>
  remove = () => unmount(component)
}

/** The mail as it came, in the frame alone. */
function showBare(html: string): void {
  const now = begin()
  const element = document.createElement('iframe')
  Object.assign(element, { src: frame, title: 'Message from Mallory' })
  element.setAttribute('sandbox', 'allow-scripts')
  element.style.cssText = 'display:block;width:100%;height:400px;border:0'
  const look = { theme: 'light', paper: false, lang: '', dir: '', colours: {} } as const
  const connection = new FrameConnection(element, {
    ready: () => connection.send({ html, look }),
    said: (message) => {
      if (message.kind === 'height') now.shown ??= 'height'
      if (message.kind === 'link') now.links.push(message.href)
    },
    trouble: (why) => {
      now.shown = why
      element.remove()
    }
  })
  place?.append(element)
  remove = () => {
    connection.close()
    element.remove()
  }
}

/** A plain text mail as the interface shows it. */
async function showText(text: string): Promise<void> {
  const speech = new Speech('en', await loadWords('en'), new Choice())
  const now = begin()
  const props = { speech, text, onlink: (href: string) => now.links.push(href) }
  const component = mount(SpokenText, { target: place as Element, props }) as Record<string, unknown>
  now.shown = 'text'
  remove = () => unmount(component)
}

/** What became of the mail so far. */
function told(): Fate {
  const height = place?.querySelector('iframe')?.style.height ?? ''
  if (height) fate.shown ??= 'height'
  return { ...fate, height: Number.parseInt(height || '0', 10) }
}

Object.assign(globalThis, { show, showBare, showText, told })
