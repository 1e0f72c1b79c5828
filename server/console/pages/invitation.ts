/** An invitation: what it offers, and joining with or without what one has already. */
import type { InvitationChoice, InvitationOffer } from '../../accounts/contracts.ts';
import { isRefused, type Refused } from '../../accounts/refusal.ts';
import type { ConsoleDeps } from '../deps.ts';
import { buttonLink, link, notice } from '../elements.ts';
import { form, submit } from '../forms.ts';
import { attributes, type Html, html, NOTHING } from '../html.ts';
import { type Answer, open, type PageRoute, type Visit } from '../routes.ts';
import { ROLES } from '../words.ts';
import { panel, providerButtons, STATUS } from './sign-in.ts';

export const invitationPages = (deps: ConsoleDeps): PageRoute[] => [
  open('get', '/invitation/:secret', (visit) => page(deps, visit)),
  open('post', '/invitation/:secret', async (visit) => {
    const { member, form: sent } = visit;
    if (!member) return { goTo: visit.path };
    const merge = sent.get('merge');
    const answer = await deps.invitations.accept(secret(visit), member.person_id, merge || undefined);
    if (isRefused(answer)) return page(deps, visit, answer);
    const who = { person_id: member.person_id, account_id: answer.accountId };
    const session = await deps.sessions.signIn(who, visit.session, { agent: visit.agent });
    return { goTo: '/?done=welcome', session: { secret: session } };
  }),
];

const secret = ({ params }: Visit): string => params.secret ?? '';

async function page(deps: ConsoleDeps, visit: Visit, refused?: Refused): Promise<Answer> {
  const offer = await deps.invitations.offer(secret(visit));
  if (!offer)
    return panel(
      'This invitation does not work',
      'It was used, withdrawn, or is too old. Ask whoever invited you for a new one.',
      buttonLink('/', 'To Octopods'),
      { status: 404 },
    );
  const { member } = visit;
  const choice = member && (await deps.invitations.choice(secret(visit), member.person_id));
  const wrong = refused ? notice('bad', 'That did not work', refused.why) : NOTHING;
  return panel(
    `Join ${offer.accountName}`,
    `You are invited as ${offer.role === 'admin' ? 'an admin' : 'a member'}: ${MAY[offer.role]}`,
    html`${wrong}${member && choice ? decide(visit, offer, choice, await nameOf(deps, member.person_id)) : comeIn(deps, visit)}`,
    { status: refused ? STATUS[refused.refused] : 200 },
  );
}

const MAY: Record<InvitationOffer['role'], string> = {
  admin: 'you can connect workspaces and channels, and manage people.',
  member: 'you can use the workspaces that are connected.',
};

async function nameOf({ accounts }: ConsoleDeps, personId: string): Promise<string> {
  const person = await accounts.person(personId);
  return person?.name ?? person?.email ?? 'yourself';
}

/** Nobody is signed in: newcomers sign up, others sign in and come back here. */
function comeIn(deps: ConsoleDeps, visit: Visit): Html {
  const signIn = `/sign-in?to=${encodeURIComponent(visit.path)}`;
  const signUp = `/sign-up?invitation=${encodeURIComponent(secret(visit))}`;
  return html`${providerButtons(deps, 'Continue with', visit.path, secret(visit))}${
    deps.passwords.mail && deps.providers.length > 0 ? html`<p class="or">or with your e-mail</p>` : NOTHING
  }<div class="form-foot">${deps.passwords.mail ? buttonLink(signUp, 'Sign up', 'primary') : NOTHING}${buttonLink(signIn, 'I have an account')}</div>`;
}

function decide(visit: Visit, offer: InvitationOffer, choice: InvitationChoice, name: string): Html {
  if (choice.alreadyIn)
    return html`<p>You are in this account already, as ${name}.</p><p>${buttonLink('/', 'To your workspaces', 'primary')}</p>`;
  const button = (text: string, kind: 'primary' | 'plain', merge = ''): Html =>
    form(
      visit.path,
      html`<input type="hidden"${attributes({ name: 'merge', value: merge })}>${submit(text, kind)}`,
    );
  if (choice.mergeable.length === 0)
    return html`<p>You are signed in as ${name}.</p>${button(`Join ${offer.accountName}`, 'primary')}`;
  return html`${choice.mergeable.map(
    (own) =>
      html`<div><p><strong>Bring ${own.name} along?</strong></p><p class="soft">Its workspaces (${own.workspaces.map((one) => one.name).join(', ')}) and their channels move into ${offer.accountName}, and work on without a break. You join as ${ROLES[offer.role].toLowerCase()}.</p></div>${button('Yes, merge my workspaces', 'primary', own.accountId)}`,
  )}${button('No, thanks: only join', 'plain')}<p class="soft small-text">You are signed in as ${name}. ${link('/', 'Decide later')}</p>`;
}
