import { z } from 'zod';
import type { Connection } from '../../core/adapter.ts';

/** Intercom gives one token per workspace, without expiry: it lives until the app is uninstalled. */
export const intercomCredentials = z.object({
  access_token: z.string().min(1).meta({ title: 'Access token', secret: true }),
});
export type IntercomCredentials = z.infer<typeof intercomCredentials>;
export type IntercomConnection = Connection<IntercomCredentials>;

/** The Intercom app that this installation of Octopods is. */
export interface IntercomApp {
  /** Stands for all regions when set. No slash at the end. */
  apiUrl?: string;
  /** Where people are: `https://app.intercom.com`. No slash at the end. */
  appUrl: string;
  clientId: string;
  /** The first one redeems codes; all verify signatures. */
  clientSecrets: string[];
  /** The app's code in the App Store listing: parts that carry it were made by ourselves. */
  appPackageCode?: string;
}

/** https://developers.intercom.com/docs/build-an-integration/learn-more/rest-apis (regional hosting) */
const REGIONS: Record<string, string> = {
  US: 'https://api.intercom.io',
  EU: 'https://api.eu.intercom.io',
  AU: 'https://api.au.intercom.io',
};

/** Without a region: the global host, which is also the only one documented for redeeming codes. */
export const apiBase = (app: IntercomApp, settings: Record<string, unknown> = {}): string =>
  app.apiUrl ?? REGIONS[String(settings.region)] ?? 'https://api.intercom.io';
