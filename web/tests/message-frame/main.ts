/**
 * A page with nothing but messages, for tests/hostile_mail: Python hands it mails, and reads what became of them.
 * `showAllBare` leaves the sanitizer out, so that only the frame protects. `showQuotes` shows what a reply quotes, in the page
 * itself; `showRaw` does so without the sanitizer.
 */
import { mount, unmount } from 'svelte'
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import { OPEN_QUOTED } from '../../src/lib/writing/domain/html-of-text.ts'
import { cleanFragment, quoteHtml } from '../../src/lib/writing/domain/quote-html.ts'
import { FrameConnection } from '../../src/lib/frame/connection.ts'
import { print } from '../../src/lib/frame/print.ts'
import frame from '../../src/lib/frame/frame.html?url&no-inline'
import MessageFrame from '../../src/lib/frame/MessageFrame.svelte'
import { seemsElsewhere } from '../../src/lib/mail/link-targets.ts'
import { renderedOf } from '../../src/lib/mail/rendered.ts'
import { savedNames } from '../../src/lib/mail/file-names.ts'
import RichText from '../../src/lib/writing/page/RichText.svelte'
import { Choice } from '../../src/lib/words/choice.ts'
import { loadWords } from '../../src/lib/words/parts.ts'
import { Speech } from '../../src/lib/words/words.svelte.ts'
import '../../src/tokens.css'
import SpokenText from './SpokenText.svelte'

interface Fate {
  /** `height` or `text` once it is shown, else why it is not; null while neither is known */
  shown: string | null
  height: number
  remote: number
  /** the factor by which it is scaled down */
  scale: number
  links: string[]
  /** what was seen of each, and whether the interface asks before it opens */
  seen: string[]
  asked: boolean[]
  keys: string[]
}

/** A mail in the page. */
interface Shown {
  fate: Fate
  box: Element
  remove: () => unknown
}

const GIVEN_UP = 3_000
const place = document.querySelector('main') as HTMLElement
let all: Shown[] = []
/** what a person pressed */
const chosen = new SvelteSet<'original'>()

function removeAll(): void {
  for (const { remove, box } of all) {
    remove()
    box.remove()
  }
  all = []
  chosen.clear()
}

function begin(): Shown {
  const box = document.createElement('article')
  box.className = 'mail'
  place.append(box)
  const fate: Fate = { shown: null, height: 0, remote: 0, scale: 1, links: [], seen: [], asked: [], keys: [] }
  const shown = { fate, box, remove: () => undefined as unknown }
  all.push(shown)
  return shown
}

function add(
  html: string,
  theme: 'light' | 'dark',
  allowRemote: boolean,
  images: ReadonlyMap<string, Blob> = new Map()
): Shown {
  const shown = begin()
  const { fate } = shown
  const component = mount(MessageFrame, {
    target: shown.box,
    props: {
      html,
      images,
      theme,
      allowRemote,
      title: 'Message from Mallory',
      showQuoted: 'Show quoted text',
      blocked: 'Blocked image',
      get original() {
        return chosen.has('original')
      },
      onscale: (scale: number) => (fate.scale = scale),
      onread: ({ remote }: { remote: number }) => (fate.remote = remote),
      onlink: (href: string, seen: string) => {
        fate.links.push(href)
        fate.seen.push(seen)
        fate.asked.push(seemsElsewhere(seen, href))
      },
      onhover: () => undefined,
      onkey: ({ key }: { key: string }) => fate.keys.push(key),
      ontrouble: (why: string) => (fate.shown ??= why)
    }
  }) as Record<string, unknown>
  shown.remove = () => unmount(component)
  return shown
}

function addBare(html: string): void {
  const shown = begin()
  const { fate } = shown
  const element = document.createElement('iframe')
  Object.assign(element, { src: frame, title: 'Message from Mallory' })
  element.setAttribute('sandbox', 'allow-scripts')
  element.style.cssText = 'display:block;width:100%;height:400px;border:0'
  const look = { theme: 'light', paper: false, lang: '', dir: '', colours: {} } as const
  const connection = new FrameConnection(element)
  connection.begin({
    ready: () => connection.send({ html, sheets: [], look }),
    said: (message) => {
      if (message.kind === 'height') fate.shown ??= 'height'
      if (message.kind === 'link') fate.links.push(message.href)
    },
    trouble: (why) => {
      fate.shown = why
      element.remove()
    }
  })
  shown.box.append(element)
  shown.remove = () => {
    connection.close()
  }
}

/** Where a message is edited: what it quotes as nodes, of HTML that is written and parsed once more; and what is pasted. */
function addQuote(html: string): void {
  const shown = begin()
  const quote = quoteHtml(html)
  shown.fate.shown = quote === null ? 'large' : 'quote'
  for (const source of quote === null ? [] : [quote, html]) {
    const edited = document.createElement('div')
    edited.contentEditable = 'true'
    shown.box.append(edited)
    edited.append(document.importNode(cleanFragment(source), true))
    // As a reader would that trusts what we send.
    const read = document.createElement('div')
    shown.box.append(read)
    read.innerHTML = edited.innerHTML
  }
}

function addRaw(html: string): void {
  const shown = begin()
  shown.fate.shown = 'raw'
  shown.box.innerHTML = html
}

/** A plain text mail as the interface shows it. */
async function showText(text: string): Promise<void> {
  const speech = new Speech('en', await loadWords('en', []), new Choice())
  removeAll()
  const shown = begin()
  const props = { speech, text, onlink: (href: string) => shown.fate.links.push(href) }
  const component = mount(SpokenText, { target: shown.box, props }) as Record<string, unknown>
  shown.fate.shown = 'text'
  shown.remove = () => unmount(component)
}

/** What a reply quotes of a mail that is shown: all of it if nobody knows what of it can be seen. */
async function quoted(html: string): Promise<{ html: string | null; isKnown: boolean }> {
  const rendered = await renderedOf(html)
  return { html: quoteHtml(rendered ?? html), isKnown: rendered !== null }
}

/** A draft that quotes a mail, in the editor. `shown` is what the draft holds once something of it was changed. */
function edit(html: string, readonly: boolean): void {
  removeAll()
  const shown = begin()
  const nothing = (): void => undefined
  const component = mount(RichText, {
    target: shown.box,
    props: {
      ...{
        id: 'a',
        html: `<div>Words</div><p></p>${OPEN_QUOTED}${quoteHtml(html) ?? ''}</div><div>Below</div>`,
        readonly
      },
      ...{ label: 'Message', showQuoted: 'Show quoted text', urlOf: () => null },
      ...{ onformats: nothing, onpictures: nothing, onhtml: (now: string) => (shown.fate.shown = now) }
    }
  }) as Record<string, unknown>
  shown.remove = () => unmount(component)
}

const PICTURE = { width: 400, height: 600 }
/** CSS pixels of all that is not picture: two lines, and the padding of a frame's body */
const AROUND = 62
const PICTURES = 2
/** Milliseconds after which a frame that has not grown does not grow */
const SETTLED = 1_500

async function picture(): Promise<Blob> {
  const canvas = Object.assign(document.createElement('canvas'), PICTURE)
  canvas.getContext('2d')?.fillRect(10, 10, 300, 500)
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no picture'))))
  })
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds))
}

interface Late {
  /** of the page, in CSS pixels */
  width: number
  /** milliseconds after the mail, and after each other */
  late: number
  needed: number
  height: number
}

/** One mail whose pictures come one by one. `height`: as soon as it is what the mail needs, else what it stays. */
async function showLate(width: number, late: number): Promise<Late> {
  removeAll()
  place.style.width = `${width}px`
  const images = new SvelteMap<string, Blob>()
  const inline = Array.from({ length: PICTURES }, (_, at) => `<img style="display:block" src="cid:${at}">`).join('')
  const html = `<div style="height:40px">Above</div>${inline}<div style="height:20px">Below</div>`
  const { box } = add(html, 'light', false, images)
  const height = (): number => Number.parseInt(box.querySelector('iframe')?.style.height ?? '', 10) || 0
  const needed = AROUND + PICTURES * Math.min(1, width / PICTURE.width) * PICTURE.height
  const end = performance.now() + GIVEN_UP
  while (height() === 0 && performance.now() < end) await wait(1)
  for (let at = 0; at < PICTURES; at++) {
    await wait(late)
    images.set(String(at), await picture())
  }
  const given = performance.now() + SETTLED
  while (height() !== needed && performance.now() < given) await wait(5)
  place.style.width = ''
  return { width, late, needed, height: height() }
}

/** Those that are cut off. */
async function cutOff(loads: readonly (readonly [width: number, late: number])[]): Promise<Late[]> {
  const seen: Late[] = []
  for (const load of loads) seen.push(await showLate(...load))
  return seen.filter(({ height, needed }) => height !== needed)
}

/** What became of each mail so far. */
function toldOfAll(): Fate[] {
  return all.map(({ fate, box }) => {
    const height = box.querySelector('iframe')?.style.height ?? ''
    if (height) fate.shown ??= 'height'
    return { ...fate, height: Number.parseInt(height || '0', 10) }
  })
}

/** How each is shown, as soon as that is known of all. */
async function shownAll(): Promise<(string | null)[]> {
  const end = performance.now() + GIVEN_UP
  let seen = toldOfAll()
  while (seen.some(({ shown }) => shown === null) && performance.now() < end) {
    await new Promise((again) => setTimeout(again, 10))
    seen = toldOfAll()
  }
  return seen.map(({ shown }) => shown)
}

Object.assign(globalThis, {
  /** The mail as the interface shows it. */
  show(html: string, theme: 'light' | 'dark' = 'light', allowRemote = false): void {
    removeAll()
    add(html, theme, allowRemote)
  },
  showText,
  /** What is printed of a mail. */
  printMail: (html: string) =>
    print('Subject', [{ head: [['From', 'mallory@evil.example']], html, text: '', images: new Map() }], false),
  edit,
  quoted,
  seemsElsewhere,
  savedNames,
  cutOff,
  original: (pressed: boolean): unknown => (pressed ? chosen.add('original') : chosen.delete('original')),
  told: () => toldOfAll()[0],
  toldOfAll,
  /** Mails as the interface shows a conversation. */
  showAll(mails: string[]) {
    removeAll()
    for (const html of mails) add(html, 'light', false)
    return shownAll()
  },
  /** Mails as they came, in frames without the sanitizer. */
  showAllBare(mails: string[]) {
    removeAll()
    mails.forEach(addBare)
    return shownAll()
  },
  showQuotes(mails: string[]) {
    removeAll()
    mails.forEach(addQuote)
    return shownAll()
  },
  showRaw(mails: string[]) {
    removeAll()
    mails.forEach(addRaw)
    return shownAll()
  }
})
