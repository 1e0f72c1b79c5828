/**
 * What the links in our mails open: confirm, reset, unlock, a new address. Opening a link changes nothing (mail
 * scanners open them too): a button on the page does.
 */
import { isRefused, type Refused } from '../../accounts/refusal.ts';
import type { ConsoleDeps } from '../deps.ts';
import { link, notice } from '../elements.ts';
import { field, form, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { type Answer, open, type PageRoute, type Visit } from '../routes.ts';
import { enter, lookIntoYourMail, panel, passwordField, STATUS } from './sign-in.ts';

export const mailLinkPages = (deps: ConsoleDeps): PageRoute[] => [
  open('get', '/confirm/:secret', async (visit) => confirmPage(visit)),
  open('post', '/confirm/:secret', async (visit) => {
    const answer = await deps.passwords.confirm(secret(visit), visit.form.get('password') ?? '');
    return isRefused(answer) ? confirmPage(visit, answer) : enter(deps, visit, answer, '/');
  }),
  open('get', '/reset/:secret', async (visit) => resetPage(visit)),
  open('post', '/reset/:secret', async (visit) => {
    const answer = await deps.passwords.reset(secret(visit), visit.form.get('password') ?? '');
    return isRefused(answer) ? resetPage(visit, answer) : enter(deps, visit, answer, '/');
  }),
  open('get', '/unlock/:secret', async (visit) =>
    buttonPage(visit, 'Unlock your account', 'It takes your password again right away.', 'Unlock it'),
  ),
  open('post', '/unlock/:secret', async (visit) => {
    const refused = await deps.passwords.unlock(secret(visit));
    return refused ? deadLink(refused) : { goTo: '/sign-in?done=unlocked' };
  }),
  open('get', '/address/:secret', async (visit) =>
    buttonPage(visit, 'Confirm your new address', 'From then on you sign in with it.', 'Confirm it'),
  ),
  open('post', '/address/:secret', async (visit) => {
    const refused = await deps.passwords.confirmAddress(secret(visit));
    if (refused) return deadLink(refused);
    return { goTo: visit.member ? '/account?done=address-confirmed' : '/sign-in?done=address' };
  }),
  open('get', '/forgot', async () => askPage(FORGOT)),
  open('post', '/forgot', async (visit) => {
    await deps.passwords.requestReset(visit.form.get('email') ?? '', visit.from);
    return lookIntoYourMail(
      'If there is an account with this address, we sent it a link. It works for six hours.',
    );
  }),
  open('get', '/unlock', async () => askPage(UNLOCK)),
  open('post', '/unlock', async (visit) => {
    await deps.passwords.requestUnlock(visit.form.get('email') ?? '', visit.from);
    return lookIntoYourMail('If there is a locked account with this address, we sent it a link.');
  }),
];

const secret = ({ params }: Visit): string => params.secret ?? '';

const FORGOT = {
  path: '/forgot',
  title: 'Choose a new password',
  lead: 'Tell us your address, and we send you a link.',
  button: 'Send the link',
};
const UNLOCK = {
  path: '/unlock',
  title: 'Unlock your account',
  lead: 'After too many wrong passwords an account takes none for an hour. A link opens it at once.',
  button: 'Send the link',
};

const askPage = ({ path, title, lead, button }: typeof FORGOT): Answer =>
  panel(
    title,
    lead,
    form(
      path,
      html`${field({ name: 'email', label: 'E-mail', type: 'email', required: true, autocomplete: 'username' })}<div class="form-foot">${submit(button)}</div>`,
    ),
    { beside: link('/sign-in', 'Back to signing in') },
  );

/** A dead link is said above, a wrong password at its field. */
const general = (refused: Refused | undefined): Html =>
  refused && !refused.field
    ? notice('bad', 'This link does not work', html`${refused.why} ${link('/sign-in', 'Back to signing in')}`)
    : NOTHING;

const confirmPage = (visit: Visit, refused?: Refused): Answer =>
  panel(
    'Confirm your address',
    'Enter the password that you chose when you signed up: the link alone is worth nothing to anybody else.',
    html`${general(refused)}${form(
      visit.path,
      html`${field({
        name: 'password',
        label: 'Password',
        type: 'password',
        required: true,
        autocomplete: 'current-password',
        error: refused?.field === 'password' ? refused.why : undefined,
      })}<div class="form-foot">${submit('Confirm and sign in')}</div>`,
    )}`,
    { status: refused ? STATUS[refused.refused] : 200 },
  );

const resetPage = (visit: Visit, refused?: Refused): Answer =>
  panel(
    'Choose a new password',
    'Everybody who is signed in as you elsewhere is signed out.',
    html`${general(refused)}${form(
      visit.path,
      html`${passwordField('password', 'New password', refused?.field === 'password' ? refused.why : undefined)}<div class="form-foot">${submit('Save and sign in')}</div>`,
    )}`,
    { status: refused ? STATUS[refused.refused] : 200 },
  );

const buttonPage = (visit: Visit, title: string, lead: string, button: string): Answer =>
  panel(title, lead, form(visit.path, html`<div class="form-foot">${submit(button)}</div>`));

const deadLink = (refused: Refused): Answer =>
  panel('This link does not work', refused.why, html`<p>${link('/sign-in', 'Back to signing in')}</p>`, {
    status: STATUS[refused.refused],
  });
