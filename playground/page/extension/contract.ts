/** What the page and the extension's web worker say to each other; every call is a message over `@remote-ui/rpc`. */
import type { RemoteReceiver } from '@remote-ui/react/host';

/** The context that HubSpot hands to a card: the parts of it that a card on a record gets. */
export interface ExtensionContext {
  location: 'crm.record.tab' | 'crm.record.sidebar' | 'helpdesk.sidebar';
  crm: { objectId: number; objectTypeId: string };
  user: { id: number; email: string; firstName: string; lastName: string; locale: string };
  portal: { id: number; timezone: string };
  extension: { appId: number; appName: string; cardTitle: string };
  /** The build's profile variables. */
  variables: Record<string, string>;
}

/** One `hubspot.fetch`, as it is handed to HubSpot's proxy (here: the emulator's). */
export interface FetchRequest {
  url: string;
  method: string;
  body?: Record<string, unknown>;
  timeout?: number;
}
export interface FetchAnswer {
  status: number;
  /** The raw body. */
  body: string;
}

export interface AlertRequest {
  type?: 'info' | 'warning' | 'success' | 'danger' | 'tip';
  title?: string;
  message: string;
}

/** What the page does for the worker. */
export interface Host {
  fetch(request: FetchRequest): Promise<FetchAnswer>;
  addAlert(alert: AlertRequest): void;
  log(level: string, message: string): void;
}

/** What the worker offers: load the bundle and draw it on `channel`. */
export interface ExtensionWorker {
  run(
    bundleUrl: string,
    context: ExtensionContext,
    channel: RemoteReceiver['receive'],
    host: Host,
  ): Promise<void>;
}
