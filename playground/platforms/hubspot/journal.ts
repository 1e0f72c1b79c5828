/** The webhooks journal, pulled with an app-level token: the only word about an uninstall by the customer. */
import type { Express, Request } from 'express';
import {
  ApiError,
  answering,
  bearerOf,
  bodyOf,
  passesFaults,
  reply,
  requiredText,
  type TakeFault,
} from './api.ts';
import { iso, type JournalEntry, type World } from './world.ts';

const URL_TTL_MS = 600_000;
/** Both spellings are in use: those of the guides, and those of the API description. */
const DATA = ['developer.webhooks_journal.read', 'webhooks-journal-data-access'];
const MANAGE = ['developer.webhooks_journal.subscriptions.write', 'webhooks-journal-subscription-management'];

export function journalRoutes(world: World, app: Express, takeFault: TakeFault): void {
  const route = (
    method: 'get' | 'post',
    path: string,
    scopes: string[],
    work: (request: Request) => unknown,
  ) => {
    for (const version of ['2026-03', '2026-09'])
      app[method](path.replace('{version}', version), async (request, response) => {
        if (!passesFaults(takeFault, request, response)) return;
        await answering(response, async () => {
          checkAppToken(world, request, scopes);
          const body = work(request);
          reply(response, body === undefined ? 204 : method === 'post' ? 201 : 200, body);
        });
      });
  };
  route('post', '/webhooks-journal/subscriptions/{version}', MANAGE, (request) =>
    subscribe(world, bodyOf(request)),
  );
  route('get', '/webhooks-journal/subscriptions/{version}', MANAGE, () => ({ results: world.subscriptions }));
  const journal = '/webhooks-journal/journal/{version}';
  route('get', `${journal}/earliest`, DATA, () => pointer(world, world.journal[0]));
  route('get', `${journal}/latest`, DATA, () => pointer(world, world.journal.at(-1)));
  route('get', `${journal}/offset/:offset/next`, DATA, (request) => {
    const index = world.journal.findIndex((one) => one.offset === request.params.offset);
    if (index < 0) throw new ApiError(404, 'OBJECT_NOT_FOUND', 'There is no such offset');
    return pointer(world, world.journal[index + 1]);
  });
  app.get('/journal-files/:offset', (request, response) => {
    response.locals.ownPage = true;
    const entry = world.journal.find((one) => one.offset === request.params.offset);
    if (!entry) response.status(404).end();
    else
      response.json({
        offset: entry.offset,
        publishedAt: entry.event.occurredAt,
        journalEvents: [entry.event],
      });
  });
}

function checkAppToken(world: World, request: Request, scopes: string[]): void {
  const token = bearerOf(world, request);
  if (token.install || !scopes.some((scope) => token.scopes.includes(scope)))
    throw new ApiError(403, 'MISSING_SCOPES', 'This call needs an app-level token with the journal scopes.');
}

function subscribe(world: World, body: Record<string, unknown>): Record<string, unknown> {
  const subscriptionType = requiredText(body, 'subscriptionType');
  const made = {
    id: world.subscriptions.length + 1,
    subscriptionType,
    eventTypeId: body.eventTypeId ?? null,
  };
  world.subscriptions.push(made);
  return made;
}

const pointer = (world: World, entry: JournalEntry | undefined) =>
  entry && {
    url: `${world.baseUrl()}/journal-files/${entry.offset}`,
    expiresAt: iso(world.now() + URL_TTL_MS),
    currentOffset: entry.offset,
  };
