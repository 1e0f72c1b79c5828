/** Coming in and going out: sign in, sign up, and what helps when a password is lost. */
import type { SignedIn } from '../../accounts/contracts.ts';
import type { Refused } from '../../accounts/refusal.ts';
import { AUTH_PROBLEMS, localPath } from '../../http/auth.ts';
import type { ConsoleDeps } from '../deps.ts';
import { buttonLink, link, notice } from '../elements.ts';
import { field, form, submit } from '../forms.ts';
import { attributes, type Content, type Html, html, NOTHING } from '../html.ts';
import { mark } from '../icons.ts';
import { type Answer, open, type PageRoute, type Visit } from '../routes.ts';

export const signInPages = (deps: ConsoleDeps): PageRoute[] => [
  open('get', '/sign-in', async (visit) => (visit.member ? { goTo: '/' } : signInPage(deps, visit))),
  open('post', '/sign-in', (visit) => signIn(deps, visit)),
  open('post', '/sign-out', async ({ session }) => {
    await deps.sessions.signOut(session);
    return { goTo: '/sign-in?done=signed-out', session: 'ended' };
  }),
  open('get', '/sign-up', async (visit) => signUpPage(deps, visit)),
  open('post', '/sign-up', (visit) => signUp(deps, visit)),
];

/** A page of its own, in the middle. */
export const panel = (
  title: string,
  lead: Content,
  body: Content,
  more: { status?: number; beside?: Content } = {},
): Answer => ({
  bare: true,
  title,
  status: more.status ?? 200,
  body: html`<section class="panel"><h1>${title}</h1>${lead ? html`<p class="lead">${lead}</p>` : NOTHING}${body}</section>${more.beside ? html`<p class="beside">${more.beside}</p>` : NOTHING}`,
});

/** Signs somebody in: a new session, whatever there was before. */
export async function enter(deps: ConsoleDeps, visit: Visit, who: SignedIn, to: string): Promise<Answer> {
  const secret = await deps.sessions.signIn(who, visit.session, { agent: visit.agent, provider: 'password' });
  return { goTo: to, session: { secret } };
}

export const STATUS: Record<Refused['refused'], number> = {
  forbidden: 403,
  not_found: 404,
  invalid: 422,
  conflict: 409,
};

const SAID: Record<string, string> = {
  'signed-out': 'You are signed out.',
  unlocked: 'Your account takes your password again.',
  address: 'Your new address is confirmed. Sign in with it from now on.',
};

function signInPage(deps: ConsoleDeps, visit: Visit, wrong?: { why: Content; status: number }): Answer {
  const to = localPath(visit.query.get('to') ?? visit.form.get('to') ?? undefined);
  const said = SAID[visit.query.get('done') ?? ''];
  const problem = problemOf(visit);
  const body = html`${wrong ? notice('bad', 'You are not signed in', wrong.why) : NOTHING}${problem ? notice('bad', 'You are not signed in', problem) : NOTHING}${said ? notice('good', said) : NOTHING}${providerButtons(deps, 'Sign in with', to)}${
    deps.providers.length > 0 ? html`<p class="or">or with your e-mail</p>` : NOTHING
  }${form(
    '/sign-in',
    html`<input type="hidden"${attributes({ name: 'to', value: to })}>${field({
      name: 'email',
      label: 'E-mail',
      type: 'email',
      required: true,
      autocomplete: 'username',
      value: visit.form.get('email') ?? '',
    })}${field({ name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password' })}<div class="form-foot">${submit('Sign in')}${deps.passwords.mail ? link('/forgot', 'Forgot the password?') : NOTHING}</div>`,
  )}`;
  return panel('Sign in', 'One sign-in for every workspace of your account.', body, {
    status: wrong?.status ?? 200,
    beside: newHere(deps),
  });
}

/** What went wrong at a provider: the address bar names one of our own sentences. */
export const problemOf = ({ query }: Visit): string | undefined => {
  const problem = query.get('problem') ?? '';
  return Object.hasOwn(AUTH_PROBLEMS, problem)
    ? AUTH_PROBLEMS[problem as keyof typeof AUTH_PROBLEMS]
    : undefined;
};

/** Connecting an inbox makes an account; so does signing up. */
const newHere = (deps: ConsoleDeps): Html => {
  const installs = [...deps.platforms.values()].map(({ id, title }) =>
    link(`/${id}/install?return=console`, `Connect ${title}`),
  );
  const between = installs.flatMap((one, index) => (index === 0 ? [one] : [' or ', one]));
  return html`New here? ${between}${deps.passwords.mail ? html`${installs.length > 0 ? ', or ' : ''}${link('/sign-up', 'sign up')}` : NOTHING}.`;
};

/** `then`: a path, or an invitation's secret. */
export const providerButtons = (deps: ConsoleDeps, verb: string, to: string, invitation?: string): Html => {
  if (deps.providers.length === 0) return NOTHING;
  const query = new URLSearchParams({
    ...(to === '/' ? {} : { return: to }),
    ...(invitation ? { invitation } : {}),
  });
  const tail = query.size > 0 ? `?${query}` : '';
  return html`<div class="providers">${deps.providers.map(({ id, title }) => buttonLink(`/auth/${id}${tail}`, html`${mark(id, title)}${verb} ${title}`))}</div>`;
};

async function signIn(deps: ConsoleDeps, visit: Visit): Promise<Answer> {
  const { form: sent } = visit;
  const answer = await deps.passwords.signIn(
    { email: sent.get('email') ?? '', password: sent.get('password') ?? '' },
    visit.from,
  );
  if (!('refused' in answer)) return enter(deps, visit, answer, localPath(sent.get('to') ?? undefined));
  if (answer.refused === 'throttled')
    return signInPage(deps, visit, {
      why: `There were too many tries from where you are. Wait ${Math.ceil(answer.retryAfterS / 60)} minutes.`,
      status: 429,
    });
  const why = html`The e-mail or the password is wrong, or the account is locked after too many tries.${deps.passwords.mail ? html` ${link('/unlock', 'Unlock it by e-mail')}` : NOTHING}`;
  return signInPage(deps, visit, { why, status: 422 });
}

function signUpPage(deps: ConsoleDeps, visit: Visit, refused?: Refused): Answer {
  const invitation = visit.query.get('invitation') ?? visit.form.get('invitation') ?? '';
  if (!deps.passwords.mail)
    return panel(
      'Sign up',
      'Signing up with an e-mail address is off here, because no mail can be sent.',
      providerButtons(deps, 'Continue with', '/', invitation || undefined),
      { beside: link('/sign-in', 'Back to signing in') },
    );
  const at = (name: string): string | undefined => (refused?.field === name ? refused.why : undefined);
  const body = html`${refused && !refused.field ? notice('bad', 'That did not work', refused.why) : NOTHING}${providerButtons(deps, 'Continue with', '/', invitation || undefined)}${
    deps.providers.length > 0 ? html`<p class="or">or with your e-mail</p>` : NOTHING
  }${form(
    '/sign-up',
    html`<input type="hidden"${attributes({ name: 'invitation', value: invitation })}>${field({
      name: 'name',
      label: 'Your name',
      required: true,
      autocomplete: 'name',
      maxlength: 100,
      value: visit.form.get('name') ?? '',
      error: at('name'),
    })}${field({
      name: 'email',
      label: 'Work e-mail',
      type: 'email',
      required: true,
      autocomplete: 'username',
      value: visit.form.get('email') ?? '',
      error: at('email'),
    })}${passwordField('password', 'Password', at('password'))}<div class="form-foot">${submit('Sign up')}</div>`,
  )}`;
  return panel('Sign up', 'We send you a link to confirm your address.', body, {
    status: refused ? STATUS[refused.refused] : 200,
    beside: html`Have an account? ${link('/sign-in', 'Sign in')}`,
  });
}

export const passwordField = (name: string, label: string, error?: string): Html =>
  field({
    name,
    label,
    type: 'password',
    required: true,
    autocomplete: 'new-password',
    hint: 'At least 10 characters. A few words in a row are good.',
    error,
  });

async function signUp(deps: ConsoleDeps, visit: Visit): Promise<Answer> {
  const { form: sent } = visit;
  const invitation = sent.get('invitation');
  const refused = await deps.passwords.signUp(
    {
      name: sent.get('name') ?? '',
      email: sent.get('email') ?? '',
      password: sent.get('password') ?? '',
      ...(invitation ? { invitation } : {}),
    },
    visit.from,
  );
  return refused
    ? signUpPage(deps, visit, refused)
    : lookIntoYourMail('We sent you a link. Open it, and enter the password once more.');
}

/** The same words whether or not the address is known here. */
export const lookIntoYourMail = (what: string): Answer =>
  panel(
    'Look into your mail',
    what,
    html`<p class="soft">Nothing there after a few minutes? Look into the spam folder, or check that the address is right and ask again.</p>`,
    {
      beside: link('/sign-in', 'Back to signing in'),
    },
  );
