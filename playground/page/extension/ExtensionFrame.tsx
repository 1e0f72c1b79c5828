/**
 * A HubSpot record's place for an extension card: starts the worker, loads the bundle that was built for HubSpot, and
 * draws what it asks for. Its requests go to `fetchUrl`, the emulator's proxy, which signs them as HubSpot's does.
 */
import { createRemoteReceiver, type RemoteReceiver, RemoteRenderer } from '@remote-ui/react/host';
import { createEndpoint, fromWebWorker } from '@remote-ui/rpc';
import { useEffect, useState } from 'react';
import { controller } from './components.tsx';
import type {
  AlertRequest,
  ExtensionContext,
  ExtensionWorker,
  FetchAnswer,
  FetchRequest,
  Host,
} from './contract.ts';

interface Props {
  bundleUrl: string;
  workerUrl: string;
  context: ExtensionContext;
  /** Where `hubspot.fetch` is sent: POST {url, method, body, timeout} → the backend's own status and body. */
  fetchUrl: string;
  onAlert?(alert: AlertRequest): void;
}

export function ExtensionFrame(props: Props) {
  // Another record is another card: HubSpot starts a fresh worker for it, and so does the key.
  return <Frame key={JSON.stringify([props.bundleUrl, props.context])} {...props} />;
}

type State = { receiver?: RemoteReceiver; problem?: string };

function Frame({ bundleUrl, workerUrl, context, fetchUrl, onAlert }: Props) {
  const [{ receiver, problem }, setState] = useState<State>({});
  // the key above remounts for another bundle or context.
  useEffect(() => {
    const started = start(workerUrl, bundleUrl, context, hostOf(fetchUrl, onAlert), setState);
    return () => started.terminate();
  }, []);
  if (problem)
    return (
      <p className="hx-broken" role="alert">
        The extension did not start: {problem}
      </p>
    );
  if (!receiver) return <p className="hx-starting">Starting the extension…</p>;
  return (
    <div className="hx" data-testid="extension">
      <RemoteRenderer receiver={receiver} controller={controller} />
    </div>
  );
}

function start(
  workerUrl: string,
  bundleUrl: string,
  context: ExtensionContext,
  host: Host,
  setState: (state: State) => void,
): { terminate(): void } {
  const receiver = createRemoteReceiver();
  const worker = new Worker(workerUrl);
  const endpoint = createEndpoint<ExtensionWorker>(fromWebWorker(worker));
  let stopped = false;
  const fail = (why: unknown) => {
    if (!stopped) setState({ problem: why instanceof Error ? why.message : String(why) });
  };
  worker.addEventListener('error', (event) => fail(event.message || 'its script could not be loaded'));
  receiver.on('mount', () => !stopped && setState({ receiver }));
  endpoint.call.run(new URL(bundleUrl, location.href).href, context, receiver.receive, host).catch(fail);
  return {
    terminate() {
      stopped = true;
      endpoint.terminate();
      worker.terminate();
    },
  };
}

const hostOf = (fetchUrl: string, onAlert: Props['onAlert']): Host => ({
  fetch: (request) => proxied(fetchUrl, request),
  addAlert: (alert) => onAlert?.(alert),
  log: (level, message) => console.info(`[extension ${level}] ${message}`),
});

async function proxied(fetchUrl: string, request: FetchRequest): Promise<FetchAnswer> {
  const response = await fetch(fetchUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  return { status: response.status, body: await response.text() };
}
