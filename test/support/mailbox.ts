/** A mail server that keeps what it is sent: real SMTP, read by tests as people read their mail. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

interface CaughtMail {
  to: string[];
  subject: string;
  text: string;
}
export interface Mailbox {
  /** `smtp://127.0.0.1:PORT`: the product's SMTP_URL. */
  url: string;
  readonly mails: CaughtMail[];
  /** The newest mail to an address, waited for (5 s). */
  newest(to: string): Promise<CaughtMail>;
  /** The first link in the newest mail to an address. */
  link(to: string): Promise<string>;
  close(): Promise<void>;
}

export async function openMailbox(): Promise<Mailbox> {
  const mails: CaughtMail[] = [];
  const listeners = new Set<() => void>();
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map((one) => one.address);
        mails.push({ to, ...read(Buffer.concat(chunks).toString('utf8')) });
        for (const listener of listeners) listener();
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  const newest = async (to: string): Promise<CaughtMail> => {
    const found = () => mails.findLast((mail) => mail.to.includes(to));
    const known = found();
    if (known) return known;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no mail came for ${to}`)), 5_000);
      const look = () => {
        const mail = found();
        if (!mail) return;
        listeners.delete(look);
        clearTimeout(timer);
        resolve(mail);
      };
      listeners.add(look);
    });
  };
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    newest,
    link: async (to) => {
      const link = /https?:\/\/\S+/.exec((await newest(to)).text)?.[0];
      if (!link) throw new Error(`the mail to ${to} has no link`);
      return link;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Our mails are plain text: one part, at most quoted-printable. */
function read(raw: string): { subject: string; text: string } {
  const [headers = '', ...body] = raw.split('\r\n\r\n');
  const subject = /^Subject: (.*)$/im.exec(headers)?.[1] ?? '';
  const text = body.join('\r\n\r\n');
  return { subject, text: /quoted-printable/i.test(headers) ? unquoted(text) : text };
}

const unquoted = (text: string): string =>
  Buffer.from(
    text
      .replace(/=\r?\n/g, '')
      .replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
