/**
 * The web worker in which HubSpot runs an extension: a classic one, with the globals that `@hubspot/ui-extensions` and
 * its bundler expect (`React` and `RemoteUI` stay outside the bundle; `extend_V2` and `hsFetch` are HubSpot's own).
 * The bundle is loaded as it was built: nothing in it knows of the playground.
 */
import * as RemoteUI from '@remote-ui/react';
import { createEndpoint, retain } from '@remote-ui/rpc';
import * as React from 'react';
import type { ExtensionContext, ExtensionWorker, FetchRequest, Host } from './contract.ts';

type Render = (api: { context: ExtensionContext; actions: object }) => React.ReactElement;

// The page's types know the window; here `self` is a worker's scope, with what HubSpot puts into it.
const scope = self as unknown as Record<string, unknown> & { importScripts(url: string): void };

const endpoint = createEndpoint<object>(self as never);

const worker: ExtensionWorker = {
  async run(bundleUrl, context, channel, host) {
    retain(channel);
    retain(host);
    offer(context, host, (render, actions) => {
      const root = RemoteUI.createRemoteRoot(channel);
      RemoteUI.createRoot(root).render(render({ context, actions }));
      root.mount();
    });
    scope.importScripts(bundleUrl);
  },
};
endpoint.expose({ run: worker.run });

function offer(
  context: ExtensionContext,
  host: Host,
  mount: (render: Render, actions: object) => void,
): void {
  const actions = actionsOf(host);
  const unavailable = () => Promise.reject(new Error('The playground does not offer this'));
  Object.assign(scope, {
    __HUBSPOT_EXTENSION_WORKER__: true,
    React,
    RemoteUI,
    logger: loggerOf(host),
    serverless: unavailable,
    hsFetch: fetchOf(host),
    extend_V2: (render: Render) => mount(render, actions),
    hsWorkerAPI: {
      useExtensionContext: () => context,
      useExtensionActions: () => actions,
      useExtensionApi: () => ({ context, actions, runServerlessFunction: unavailable }),
      useAppPageLocation: () => ({ path: '/', params: {} }),
    },
  });
}

const actionsOf = (host: Host) => ({
  addAlert: (alert: Parameters<Host['addAlert']>[0]) => void host.addAlert(alert),
  reloadPage: () => {},
  refreshObjectProperties: () => {},
  copyTextToClipboard: () => Promise.resolve(),
  closeOverlay: () => {},
  openIframeModal: () => {},
  onCrmPropertiesUpdate: () => {},
  fetchCrmObjectProperties: () => Promise.resolve({}),
});

const loggerOf = (host: Host) =>
  Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (text: unknown) => void host.log(level, String(text)),
    ]),
  );

/** `hubspot.fetch`: the request goes to the host (and so to the proxy), the answer comes back as a Response. */
const fetchOf =
  (host: Host) =>
  async (url: string | URL, options: Partial<FetchRequest> = {}): Promise<Response> => {
    const request = { url: String(url), method: options.method ?? 'GET' };
    const answer = await host.fetch({
      ...request,
      ...(options.body ? { body: options.body } : {}),
      ...(options.timeout ? { timeout: options.timeout } : {}),
    });
    // A Response with a body may not have a status such as 204.
    const empty = answer.status === 204 || answer.status === 304;
    return new Response(empty ? null : answer.body, { status: answer.status });
  };
