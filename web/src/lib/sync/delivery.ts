/** Whom a submission reached. The mail server makes one that reached nobody all the same (RFC 8621 §7). */

export interface Submission {
  deliveryStatus: Record<string, { delivered: string; smtpReply: string }> | null
}

export interface Delivery {
  /** for each who did not get it, what the mail server says */
  refusals: readonly string[]
  reachedNobody: boolean
}

/** With an unknown status, it counts as if all got it. */
export function deliveryOf(submission: Submission | undefined): Delivery {
  const recipients = Object.entries(submission?.deliveryStatus ?? {})
  const refused = recipients.filter(([, { delivered }]) => delivered === 'no')
  return {
    refusals: refused.map(([address, { smtpReply }]) => `${address}: ${smtpReply}`),
    reachedNobody: refused.length > 0 && refused.length === recipients.length
  }
}
