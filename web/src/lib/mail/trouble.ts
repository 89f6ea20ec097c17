/**
 * Why something could not be had, and when it is tried again. The code is that of a problem (docs/reference/problems.md)
 * or the type of a JMAP error; besides, `unavailable`: no response came at all; `slow`: it is waited for; `gone`: the message or conversation was
 * removed meanwhile; `refused_recipients`: nobody got the reply, `some_recipients_refused`: it is sent, and some did not
 * get it (`detail` says why); `outcome_unknown`: nobody knows whether it was sent; `unknown`.
 */
export interface Trouble {
  readonly code: string
  readonly retryAt: Date | null
  /** a number for support */
  readonly reference: string | null
  /** what the mail server said, in its words; null if it said nothing of use */
  readonly detail?: string | null
}
