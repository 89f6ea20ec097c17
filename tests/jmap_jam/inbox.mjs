// What a JMAP client that nobody of us wrote sees of a mailbox: node inbox.mjs SESSION_URL TOKEN. Prints JSON.
import JamClient from "./jmap-jam-0.13.1.mjs"; // https://www.npmjs.com/package/jmap-jam, its dist/index.js, MIT

const [sessionUrl, bearerToken] = process.argv.slice(2);
const jam = new JamClient({ sessionUrl, bearerToken });
const accountId = await jam.getPrimaryAccount();
const [{ list }] = await jam.api.Mailbox.get({ accountId });
const inbox = list.find((each) => each.role === "inbox");
const { blobId } = await jam.uploadBlob(
  accountId,
  "From: a@example.com\r\nSubject: imported by jmap-jam\r\n\r\nhello\r\n",
);
await jam.api.Email.import({
  accountId,
  emails: { c: { blobId, mailboxIds: { [inbox.id]: true } } },
});
const [{ emails }] = await jam.requestMany((t) => {
  const ids = t.Email.query({ accountId, filter: { subject: "jmap-jam" } });
  return {
    ids,
    emails: t.Email.get({
      accountId,
      ids: ids.$ref("/ids"),
      properties: ["subject", "blobId"],
    }),
  };
});
const message = {
  accountId,
  blobId: emails.list[0].blobId,
  mimeType: "message/rfc822",
  fileName: "m.eml",
};
const text = await (await jam.downloadBlob(message)).text();
console.log(
  JSON.stringify({
    mailboxes: list.length,
    subjects: emails.list.map((each) => each.subject),
    text,
  }),
);
