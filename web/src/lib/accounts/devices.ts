/** Mail programs of a person, each with an app password of its own: /api/devices, /api/mail-settings. */
import { listedIn, type Collection } from '#lib/accounts/collection.ts'
import { isObject, textOf } from '#lib/accounts/flow.ts'
import { momentOf, readAs, type Ask, type Outcome } from '#lib/accounts/service.ts'

export interface Device {
  readonly id: string
  readonly name: string
  readonly createdAt: Date | null
  /** null: it works until it is revoked */
  readonly expiresAt: Date | null
}

export interface Server {
  readonly host: string
  readonly port: number
}

/** What is typed into a mail program. */
export interface MailSettings {
  readonly userName: string
  readonly imap: Server
  readonly smtp: Server
}

export interface MadeDevice extends Device {
  /** the app password, which nobody can show again */
  readonly secret: string
  readonly settings: MailSettings
  /** an SVG picture that holds the settings and the secret */
  readonly qrSvg: string
}

export interface WantedDevice {
  readonly name: string
  /** null: until it is revoked */
  readonly days: number | null
}

const PATH = '/api/devices'
const SETTINGS = '/api/mail-settings'
/** The settings without a password, for iPhone, iPad and Mac. */
export const APPLE_PROFILE = `${SETTINGS}/apple.mobileconfig`
/** Characters of a name (devices/devices.py). */
export const LONGEST_DEVICE_NAME = 60

export function devices(ask: Ask): Collection<Device, WantedDevice, MadeDevice> {
  return {
    async list() {
      return readAs(await ask('GET', PATH), (value) => listedIn(value, 'devices', deviceOf))
    },
    async make({ name, days }) {
      return readAs(await ask('POST', PATH, { name: name.trim(), expires_in_days: days }), madeOf)
    },
    remove: (id) => ask('DELETE', `${PATH}/${encodeURIComponent(id)}`)
  }
}

export async function mailSettings(ask: Ask): Promise<Outcome<MailSettings>> {
  return readAs(await ask('GET', SETTINGS), settingsOf)
}

function deviceOf(value: unknown): Device | null {
  if (!isObject(value) || !textOf(value['id'])) return null
  return {
    id: textOf(value['id']),
    name: textOf(value['name']),
    createdAt: momentOf(value['created_at']),
    expiresAt: momentOf(value['expires_at'])
  }
}

function madeOf(value: unknown): MadeDevice | null {
  const device = deviceOf(value)
  if (!device || !isObject(value)) return null
  const settings = settingsOf(value['settings'])
  const secret = textOf(value['secret'])
  return settings && secret ? { ...device, secret, settings, qrSvg: textOf(value['qr_svg']) } : null
}

function settingsOf(value: unknown): MailSettings | null {
  if (!isObject(value)) return null
  const imap = serverOf(value['imap'])
  const smtp = serverOf(value['smtp'])
  return imap && smtp ? { userName: textOf(value['email']), imap, smtp } : null
}

function serverOf(value: unknown): Server | null {
  if (!isObject(value)) return null
  const { host, port } = value
  return typeof host === 'string' && typeof port === 'number' ? { host, port } : null
}
