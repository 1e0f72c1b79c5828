/** What Octopods writes to people. Plain text: it reads everywhere, and a link can be seen before it is followed. */

export interface Mail {
  to: string;
  subject: string;
  text: string;
}
export interface Mailer {
  /** False: the mail server did not take it; the reason is in the log. */
  send(mail: Mail): Promise<boolean>;
  /** Does not wait: how long a mail takes must not tell whether an address exists. */
  post(mail: Mail): void;
}

const SIGNATURE = '\n\nOctopods';
const mail = (to: string, subject: string, lines: string[]): Mail => ({
  to,
  subject,
  text: lines.join('\n\n') + SIGNATURE,
});
/** Names come from people: one line, and not long. */
const plain = (text: string): string => text.replace(/[\r\n\t]+/g, ' ').slice(0, 100);

export const invitationMail = (of: { to: string; link: string; account: string; by: string | null }): Mail =>
  mail(of.to, `You are invited to ${plain(of.account)} on Octopods`, [
    `${plain(of.by ?? 'Somebody')} invites you to work in ${plain(of.account)} on Octopods.`,
    `Accept within seven days:\n${of.link}`,
    'If you do not know what this is about, do nothing.',
  ]);

export const confirmMail = (to: string, link: string): Mail =>
  mail(to, 'Confirm your address', [
    'Somebody, probably you, signed up for Octopods with this address.',
    `Confirm it within a day, with the password that you have chosen:\n${link}`,
    'If it was not you, do nothing: there is no account without this.',
  ]);

export const knownMail = (to: string, link: string): Mail =>
  mail(to, 'You have an account already', [
    'Somebody, probably you, tried to sign up for Octopods with this address. It has an account already.',
    `If you forgot the password, choose a new one:\n${link}`,
  ]);

export const resetMail = (to: string, link: string): Mail =>
  mail(to, 'Choose a new password', [
    `Choose a new password within six hours:\n${link}`,
    'If you did not ask for this, do nothing: your password stays as it is.',
  ]);

export const lockedMail = (to: string, link: string): Mail =>
  mail(to, 'Your account is locked', [
    'There were too many wrong passwords for your account, so it takes none for an hour.',
    `Unlock it now:\n${link}`,
    'If it was not you who tried, your password was not guessed. Consider a longer one.',
  ]);

export const addressMail = (to: string, link: string): Mail =>
  mail(to, 'Confirm your new address', [
    `Confirm within a day that this is the new address of your Octopods account:\n${link}`,
    'If you did not ask for this, do nothing.',
  ]);

export const connectionMail = (of: { to: string; name: string; why: string; link: string }): Mail =>
  mail(of.to, `${plain(of.name)} is disconnected`, [
    `${plain(of.name)} is disconnected: ${plain(of.why)}`,
    `Messages wait until it is connected again:\n${of.link}`,
  ]);
