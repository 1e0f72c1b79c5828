/** Mail by SMTP. What cannot be sent is tried again twice and then logged: nobody waits for it. */
import { createTransport } from 'nodemailer';
import type { Mail, Mailer } from '../accounts/mails.ts';
import type { Log } from '../core/adapter.ts';

export interface SmtpSettings {
  /** `smtp://user:password@host:587`, or `smtps:`. */
  url: string;
  from: string;
}
export interface SmtpMailer extends Mailer {
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

const TRIES = 3;
const PAUSE_MS = 2_000;
const TIMEOUT_MS = 10_000;

export function createSmtpMailer({ url, from }: SmtpSettings, log: Log): SmtpMailer {
  const transport = createTransport({
    url,
    pool: true,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  } as Parameters<typeof createTransport>[0]);
  const underWay = new Set<Promise<boolean>>();
  let closing = false;
  const once = async (mail: Mail): Promise<boolean> => {
    try {
      await transport.sendMail({ from, ...mail, headers: { 'Auto-Submitted': 'auto-generated' } });
      return true;
    } catch (error) {
      // The address is personal and the link in the text opens an account: neither goes into a log.
      log.warn(
        { subject: mail.subject, error: String((error as Error).message) },
        'a mail could not be sent',
      );
      return false;
    }
  };
  const insist = async (mail: Mail): Promise<boolean> => {
    for (let tried = 1; tried <= TRIES; tried += 1) {
      if (await once(mail)) return true;
      if (closing || tried === TRIES) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tried));
    }
    return false;
  };
  return {
    send: once,
    post: (mail) => {
      const job = insist(mail).finally(() => underWay.delete(job));
      underWay.add(job);
    },
    close: async () => {
      closing = true;
      await Promise.allSettled(underWay);
      transport.close();
    },
  };
}
